// The far end of a live session, as the relay and a product would speak: a shell that answers a few words, a check, values.
// Keeps to the relay's rules where a browser could break them: JSON-RPC 2.0, credit before output, UTF-8 input.
const TERMINAL = 1;
const CREDIT = 0xff;

export class FakeSession {
  constructor(socket, { session, mayType, onEnd }) {
    Object.assign(this, {
      socket,
      session,
      mayType,
      onEnd,
      credit: 0,
      isCreditSpoken: false,
      backlog: [],
      line: '',
      isEchoOn: true,
      isOpen: false,
      received: [],
      size: undefined,
    });
    socket.on('message', (bytes, isBinary) => (isBinary ? this.binary(bytes) : this.control(JSON.parse(bytes.toString()))));
    socket.on('close', () => clearInterval(this.timer));
    this.tell('session.state', {
      state: 'live',
      reason: '',
      text: '',
      capabilities: session.capabilities,
      seconds_left: Math.round((session.deadline_ms - Date.now()) / 1000),
      to: 'x',
      part: mayType ? 'typist' : 'watcher',
      may: ['watch', 'call', 'chat', ...(mayType ? ['type'] : [])],
      may_type: mayType,
      terminal_open: false,
      frozen: '',
      frozen_by: '',
      next_stream: 1,
    });
    this.tell('session.people', {
      people: [{ name: 'x', part: mayType ? 'typist' : 'watcher', may_type: mayType, in_call: false }],
      offered: '',
    });
  }
  tell(method, params) {
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }
  answer(id, result) {
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, result }));
  }
  /** Terminal output, as far as credit goes; the rest waits. */
  print(text) {
    this.backlog.push(Buffer.from(text));
    this.flush();
  }
  flush() {
    while (this.backlog.length > 0) {
      const next = this.backlog[0].subarray(0, 8192);
      if (this.isCreditSpoken && next.length > this.credit) return;
      this.backlog[0] = this.backlog[0].subarray(next.length);
      if (this.backlog[0].length === 0) this.backlog.shift();
      this.credit -= next.length;
      this.socket.send(Buffer.concat([Buffer.from([TERMINAL]), next]));
    }
  }
  binary(bytes) {
    if (bytes[0] === CREDIT) {
      if (bytes.length !== 6 || bytes[1] !== TERMINAL) throw new Error('bad credit frame');
      this.isCreditSpoken = true;
      this.credit += bytes.readUInt32BE(2);
      this.flush();
      return;
    }
    if (!this.mayType)
      this.tell('session.error', { code: 'denied', text: 'only the engineer whom the grant names may do anything here', to: 'x' });
    else if (!this.isOpen) this.tell('session.error', { code: 'conflict', text: 'no terminal is open', to: 'x' });
    else this.typed(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(1)));
  }
  typed(text) {
    for (const key of text) {
      if (key !== '\r') {
        this.line += key;
        if (this.isEchoOn) this.print(key);
        continue;
      }
      const line = this.line;
      this.line = '';
      this.received.push(line);
      this.print('\r\n');
      this.carryOut(line);
    }
  }
  carryOut(line) {
    if (!this.isEchoOn) {
      this.isEchoOn = true;
      this.tell('terminal.echo', { on: true });
      this.print('thank you\r\n$ ');
    } else if (line === 'passwd') {
      this.isEchoOn = false;
      this.tell('terminal.echo', { on: false });
      this.print('Password: ');
    } else if (line === 'exit') {
      this.isOpen = false;
      this.tell('terminal.closed', { exit: 0, signal: null });
    } else if (line === 'flood') {
      this.print(`${'x'.repeat(79)}\r\n`.repeat(20_000) + 'flood is over\r\n$ ');
    } else if (line === 'attack') {
      this.print(
        '\x1b]52;c;aGFja2Vk\x07\x1b]0;hacked\x07\x1b]8;;https://example.com\x07link\x1b]8;;\x07\x1b[38;2;255;0;0mred\x1b[0m\r\n$ ',
      );
    } else {
      this.print(`you said: ${line}\r\n$ `);
    }
  }
  control(message) {
    if (message.jsonrpc !== '2.0') throw new Error('not JSON-RPC 2.0');
    this.methods[message.method]?.call(this, message.params, message.id);
  }
  methods = {
    'terminal.open'(params, id) {
      this.isOpen = true;
      this.size = params;
      this.answer(id, {});
      this.print('Welcome to freezer-7\r\n$ ');
    },
    'terminal.resize'(params) {
      this.size = params;
    },
    'diagnose.run'(params, id) {
      this.answer(id, {
        exit: params.name === 'sensors' ? 0 : 2,
        output: `ran ${params.name}\n<b>air</b> -12.4\n`,
        truncated: false,
        took_ms: 812,
      });
    },
    'observe.start'() {
      let n = 0;
      const send = () => {
        this.tell('observe.sample', {
          t: Date.now(),
          values: { air_temperature: -12 + Math.sin(n / 3), compressor_power: 180 + n },
        });
        this.tell('observe.log', { t: Date.now(), sev: n % 5 === 4 ? 3 : 6, app: 'control', msg: `tick ${n++}` });
      };
      send();
      this.timer = setInterval(send, 200);
    },
    'observe.stop'() {
      clearInterval(this.timer);
    },
  };
}
