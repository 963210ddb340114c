/* The agent's version, as the birth message and `fieldline-agent --version` tell it. */
#pragma once
#define AGENT_VERSION "0.1.0"
