// The help call itself, without a screen: microphone, camera and screens of the people in a session, browser to browser. The
// session's leg carries what the browsers need to find each other, and nothing else; the gateway notes who was in and how long.
//
// Each pair of people has one RTCPeerConnection. Who joins calls those who are in; a channel without use makes the first
// negotiation happen even when the caller shows nothing. When both ends offer at once, the one whose name comes first gives way.
import { batch, signal, type ReadonlySignal } from '@preact/signals';

// What a leg offers (leg.ts); a page without a leg of ours can bring its own.
export interface CallWire {
  call: (method: string, params: Record<string, unknown>) => Promise<unknown>;
  on: (method: string, listen: (params: Record<string, unknown>) => void) => () => void;
  people: ReadonlySignal<{ name: string; in_call: boolean }[]>;
  my_name: () => string;
}
export type Medium = 'audio' | 'video' | 'screen';
export interface Heard {
  name: string;
  streams: MediaStream[];
  state: RTCPeerConnectionState;
}
interface Signal {
  description?: RTCSessionDescriptionInit;
  candidate?: RTCIceCandidateInit;
}

class Peer {
  readonly streams = new Map<string, MediaStream>();
  private is_offering = false;
  private is_ignoring = false;

  constructor(
    readonly name: string,
    readonly link: RTCPeerConnection,
    private readonly is_polite: boolean,
    private readonly send: (data: Signal) => void,
    changed: () => void,
  ) {
    link.onnegotiationneeded = () => void this.offer();
    link.onicecandidate = ({ candidate }) => {
      if (candidate) send({ candidate: candidate.toJSON() });
    };
    link.onconnectionstatechange = changed;
    link.ontrack = ({ streams }) => {
      for (const stream of streams) {
        this.streams.set(stream.id, stream);
        stream.onremovetrack = () => {
          if (stream.getTracks().length === 0) this.streams.delete(stream.id);
          changed();
        };
      }
      changed();
    };
  }

  private async offer(): Promise<void> {
    try {
      this.is_offering = true;
      await this.link.setLocalDescription();
      if (this.link.localDescription) this.send({ description: this.link.localDescription.toJSON() });
    } catch {
      // The other end has hung up meanwhile.
    } finally {
      this.is_offering = false;
    }
  }

  async receive(data: Signal): Promise<void> {
    if (data.description) {
      const is_crossing = data.description.type === 'offer' && (this.is_offering || this.link.signalingState !== 'stable');
      this.is_ignoring = is_crossing && !this.is_polite;
      if (this.is_ignoring) return;
      await this.link.setRemoteDescription(data.description);
      if (data.description.type !== 'offer') return;
      await this.link.setLocalDescription();
      if (this.link.localDescription) this.send({ description: this.link.localDescription.toJSON() });
    } else if (data.candidate) {
      await this.link.addIceCandidate(data.candidate).catch((error: unknown) => {
        if (!this.is_ignoring) throw error;
      });
    }
  }
}

export class Mesh {
  readonly is_in = signal(false);
  readonly is_busy = signal(false);
  readonly media = signal<Medium[]>([]); // what is shared from here
  readonly own = signal<MediaStream[]>([]); // with a picture
  readonly heard = signal<Heard[]>([]);
  readonly failure = signal(''); // a word: microphone, camera, screen, full, lost, denied
  private readonly peers = new Map<string, Peer>();
  private readonly shared = new Map<Medium, MediaStream>();
  private servers: RTCIceServer[] = [];
  private readonly stop_listening: (() => void)[];

  constructor(private readonly wire: CallWire) {
    this.stop_listening = [
      wire.on('call.signal', (p) => void this.signalled(String(p.from ?? ''), (p.data ?? {}) as Signal)),
      wire.people.subscribe((people) => this.seen(people)),
    ];
  }

  close(): void {
    for (const stop of this.stop_listening) stop();
    void this.leave();
  }

  // `wanted`: audio, or audio and video. Without a microphone one listens.
  async join(wanted: Medium[]): Promise<void> {
    if (this.is_in.value || this.is_busy.value) return;
    this.is_busy.value = true;
    this.failure.value = '';
    try {
      for (const medium of wanted) await this.capture(medium);
      const answer = (await this.wire.call('call.join', { media: this.media.value })) as { people?: string[]; ice_servers?: RTCIceServer[] };
      this.servers = answer.ice_servers ?? [];
      this.is_in.value = true;
      for (const name of answer.people ?? []) this.peer(name).link.createDataChannel('call');
    } catch (error) {
      this.release();
      this.failure.value = (error as { code?: string }).code ?? 'denied';
    } finally {
      this.is_busy.value = false;
    }
  }

  async leave(): Promise<void> {
    const was_in = this.is_in.value;
    this.release();
    if (was_in) await this.wire.call('call.leave', {}).catch(() => undefined);
  }

  async share(medium: Medium): Promise<void> {
    this.failure.value = '';
    if (!(await this.capture(medium)) || !this.is_in.value) return;
    const stream = this.shared.get(medium);
    for (const peer of this.peers.values()) stream?.getTracks().forEach((track) => peer.link.addTrack(track, stream));
    await this.wire.call('call.join', { media: this.media.value }).catch(() => undefined);
  }

  async unshare(medium: Medium): Promise<void> {
    const stream = this.shared.get(medium);
    if (!stream) return;
    this.shared.delete(medium);
    for (const track of stream.getTracks()) {
      for (const peer of this.peers.values()) {
        const sender = peer.link.getSenders().find((one) => one.track === track);
        if (sender) peer.link.removeTrack(sender);
      }
      track.stop();
    }
    this.tell_shared();
    if (this.is_in.value) await this.wire.call('call.join', { media: this.media.value }).catch(() => undefined);
  }

  private async capture(medium: Medium): Promise<boolean> {
    if (this.shared.has(medium)) return true;
    try {
      const stream =
        medium === 'screen'
          ? await navigator.mediaDevices.getDisplayMedia({ video: true })
          : await navigator.mediaDevices.getUserMedia(medium === 'audio' ? { audio: true } : { video: { width: 640, height: 480 } });
      this.shared.set(medium, stream);
      // The browser's own "stop sharing".
      stream.getTracks().forEach((track) => track.addEventListener('ended', () => void this.unshare(medium)));
      this.tell_shared();
      return true;
    } catch {
      this.failure.value = { audio: 'microphone', video: 'camera', screen: 'screen' }[medium];
      return false;
    }
  }

  private tell_shared(): void {
    batch(() => {
      this.media.value = [...this.shared.keys()];
      this.own.value = [...this.shared].filter(([medium]) => medium !== 'audio').map(([, stream]) => stream);
    });
  }

  private release(): void {
    for (const peer of this.peers.values()) peer.link.close();
    this.peers.clear();
    for (const stream of this.shared.values()) stream.getTracks().forEach((track) => track.stop());
    this.shared.clear();
    batch(() => {
      this.is_in.value = false;
      this.tell_shared();
      this.tell_heard();
    });
  }

  private tell_heard(): void {
    this.heard.value = [...this.peers.values()].map((peer) => ({
      name: peer.name,
      streams: [...peer.streams.values()],
      state: peer.link.connectionState,
    }));
  }

  private peer(name: string): Peer {
    const known = this.peers.get(name);
    if (known) return known;
    const link = new RTCPeerConnection({ iceServers: this.servers });
    const made = new Peer(
      name,
      link,
      this.wire.my_name() < name,
      (data) => void this.wire.call('call.signal', { to: name, data }).catch(() => undefined),
      () => this.tell_heard(),
    );
    this.peers.set(name, made);
    for (const stream of this.shared.values()) stream.getTracks().forEach((track) => link.addTrack(track, stream));
    this.tell_heard();
    return made;
  }

  private async signalled(from: string, data: Signal): Promise<void> {
    if (!this.is_in.value || !from) return;
    try {
      await this.peer(from).receive(data);
    } catch {
      this.drop(from); // its next offer begins anew
    }
  }

  private drop(name: string): void {
    this.peers.get(name)?.link.close();
    this.peers.delete(name);
    this.tell_heard();
  }

  // Who has left the call is gone from here, and so are we when the gateway does not count us any more.
  private seen(people: { name: string; in_call: boolean }[]): void {
    if (!this.is_in.value) return;
    const inside = new Set(people.filter((one) => one.in_call).map((one) => one.name));
    for (const name of [...this.peers.keys()]) if (!inside.has(name)) this.drop(name);
    if (!inside.has(this.wire.my_name())) {
      this.release();
      this.failure.value = 'lost';
    }
  }
}
