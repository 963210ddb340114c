// Plays a recorded screen by the replay page's clock: a viewer is told what the product's server said then. Forwards it goes on from where it is;
// backwards it begins anew and is told everything up to that moment at once.
import type RFB from '@novnc/novnc';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { t } from '../words/words';
import { ReplayChannel } from './rfb_channel';
import { recorded_screens, type ScreenFrame } from './screen_frames';

interface Playing {
  viewer: RFB;
  channel: ReplayChannel;
  next: number; // frame
}

function feed(playing: Playing, frames: ScreenFrame[], t_ms: number): void {
  for (let frame = frames[playing.next]; frame && frame.t_ms <= t_ms; frame = frames[playing.next]) {
    playing.channel.play(frame.bytes);
    playing.next++;
  }
}

// The screen as it was at t_ms of the session.
export function ScreenPlayer({ frames, t_ms }: { frames: ScreenFrame[]; t_ms: number }) {
  const box = useRef<HTMLDivElement>(null);
  const playing = useRef<Playing | undefined>(undefined);
  const shown_ms = useRef(0);
  const now_ms = useRef(t_ms);
  now_ms.current = t_ms;
  const [turn, set_turn] = useState(0); // of the viewer: a new one for every step back
  useEffect(() => {
    const parent = box.current;
    let is_gone = false;
    const begin = async (): Promise<void> => {
      const { default: Viewing } = await import('@novnc/novnc');
      if (is_gone || !parent) return;
      const channel = new ReplayChannel();
      const viewer = new Viewing(parent, channel, { credentials: { password: ' ' } });
      viewer.viewOnly = true;
      viewer.scaleViewport = true;
      viewer.focusOnClick = false;
      viewer.background = '#10151a';
      await Promise.resolve(); // the channel opens
      const made = { viewer, channel, next: 0 };
      playing.current = made;
      feed(made, frames, now_ms.current);
      shown_ms.current = now_ms.current;
    };
    void begin();
    return () => {
      is_gone = true;
      playing.current?.viewer.disconnect();
      playing.current = undefined;
    };
  }, [frames, turn]);
  useEffect(() => {
    const { current } = playing;
    if (!current) return; // it is fed when it is there
    if (t_ms < shown_ms.current) set_turn((n) => n + 1);
    else feed(current, frames, t_ms);
    shown_ms.current = t_ms;
  }, [t_ms]);
  return <div ref={box} class="screen-box" />;
}

// What the display showed at this moment of the recording: of the screen that was opened last.
export function ScreenRecording({ transcript, now_ms }: { transcript: string; now_ms: number }) {
  const screens = useMemo(() => recorded_screens(transcript), [transcript]);
  const screen = screens.findLast(({ begin_ms }) => begin_ms <= now_ms) ?? screens[0];
  if (!screen) return null;
  return (
    <section class="screen">
      <h3>{t('screen.recorded', { name: screen.name, by: screen.by })}</h3>
      <ScreenPlayer key={screen.stream} frames={screen.frames} t_ms={now_ms} />
    </section>
  );
}
