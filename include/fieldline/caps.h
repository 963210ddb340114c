/* Every limit of the wire and of what both programs accept, in one place. A limit of one part only (a queue's length,
 * a pool's size) is a configuration row or a constant at the top of that part's header.
 * deploy/limits.md lists them for operators; a test compares the two. */
#pragma once

enum {
    CAP_DEVICE_ID_MIN_BYTES = 3,
    CAP_DEVICE_ID_BYTES = 63,      /* [a-z0-9][a-z0-9-]{2,62}; also the certificate's CN */
    CAP_TOPIC_BYTES = 128,         /* a longer topic cannot be one of ours */
    CAP_PAYLOAD_BYTES = 64 * 1024, /* one MQTT message, any kind */
    CAP_PACK_RECORDS = 2000,       /* SenML records in one message */
    CAP_METRIC_BYTES = 63,         /* [a-z_][a-z0-9_]* : also a valid Prometheus metric name */
    CAP_PART_BYTES = 63,           /* which of several like parts: [A-Za-z0-9._:-]+ */
    CAP_UNIT_BYTES = 15,
    CAP_CODE_BYTES = 31,       /* fault code: [A-Za-z0-9][A-Za-z0-9._-]* */
    CAP_LOG_TEXT_BYTES = 2048, /* one log line; longer ones are cut at a character and marked */
    CAP_LOG_APP_BYTES = 63,
    CAP_LOGS_IN_MESSAGE = 200,
    CAP_EVENT_TEXT_BYTES = 1024,
    CAP_MODEL_BYTES = 63, /* [a-z0-9][a-z0-9-]*: the pack's folder name */
    CAP_SERIAL_BYTES = 63,
    CAP_VERSION_BYTES = 63,
    CAP_METRICS_IN_BIRTH = 500,
    CAP_COMMAND_BYTES = 16 * 1024,
    CAP_EVIDENCE_PART_BYTES = 24 * 1024, /* one part of evidence in a reply, before it is written as text */
    CAP_EVIDENCE_BYTES = 1024 * 1024,    /* all parts of one, and what a product may keep for it */
    CAP_JSON_DEPTH = 16,
    CAP_UUID_BYTES = 36,
    CAP_TIME_AHEAD_MS = 5 * 60 * 1000, /* a product's time may lead the gateway's by this much */
    CAP_TIME_BEHIND_DAYS = 90,         /* older measurements are absurd, not late */
    CAP_WINDOW_BULK = 50,              /* unacknowledged messages an agent may have under way */
    CAP_WINDOW_URGENT = 10,
    CAP_WINDOW_BYTES = 128 * 1024,            /* and payload bytes, in each lane; one message is always allowed */
    CAP_FRAME_BYTES = 16 * 1024,              /* one session frame, without its channel byte */
    CAP_STREAM_BYTES = 16382,                 /* bytes of a stream in one frame */
    CAP_SESSION_STREAMS = 32,                 /* open at once in one session */
    CAP_CREDIT_BYTES = 256 * 1024,            /* what a session peer may send before it is given more */
    CAP_SESSION_SECONDS = 4 * 3600,           /* no grant is longer */
    CAP_DIAGNOSTIC_OUTPUT_BYTES = 256 * 1024, /* cut and marked beyond */
};
