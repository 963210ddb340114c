// What of noVNC the console uses. It comes as modules without types.
declare module '@novnc/novnc' {
  // A channel in place of a WebSocket: these names, as own properties or of its class.
  export interface RawChannel {
    binaryType: string;
    readonly protocol: string;
    readonly readyState: number;
    onopen: ((event: Event) => void) | null;
    onmessage: ((event: { data: ArrayBuffer }) => void) | null;
    onclose: ((event: CloseEvent) => void) | null;
    onerror: ((event: Event) => void) | null;
    send(data: Uint8Array | ArrayBuffer): void;
    close(): void;
  }
  export default class RFB extends EventTarget {
    constructor(target: HTMLElement, channel: RawChannel, options?: { shared?: boolean; credentials?: { password?: string } });
    viewOnly: boolean;
    scaleViewport: boolean;
    resizeSession: boolean;
    focusOnClick: boolean;
    background: string;
    disconnect(): void;
    focus(): void;
    sendCtrlAltDel(): void;
    sendCredentials(credentials: { password: string }): void;
  }
}
