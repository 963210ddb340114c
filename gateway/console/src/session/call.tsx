// The help call on the screen. Knows a CallWire and no session page, so that any page with people in a session can show it.
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { t, t_or } from '../words/words';
import { Mesh, type CallWire, type Heard, type Medium } from './call_mesh';
import type { Leg } from './leg';

function Picture({ stream, name, is_own }: { stream: MediaStream; name: string; is_own: boolean }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current && video.current.srcObject !== stream) video.current.srcObject = stream;
  }, [stream]);
  return (
    <figure class={is_own ? 'own' : ''}>
      <video ref={video} autoplay playsInline muted={is_own} aria-label={t('call.picture', { name })} />
      <figcaption>{name}</figcaption>
    </figure>
  );
}

function Other({ heard }: { heard: Heard }) {
  const pictures = heard.streams.filter((stream) => stream.getVideoTracks().length > 0);
  const sounds = heard.streams.filter((stream) => stream.getVideoTracks().length === 0);
  return (
    <li>
      <span>
        <b>{heard.name}</b> {heard.state !== 'connected' && <span class="quiet small">{t_or(`call.${heard.state}`, heard.state)}</span>}
      </span>
      {pictures.map((stream) => (
        <Picture key={stream.id} stream={stream} name={heard.name} is_own={false} />
      ))}
      {sounds.map((stream) => (
        <Sound key={stream.id} stream={stream} />
      ))}
    </li>
  );
}

function Sound({ stream }: { stream: MediaStream }) {
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    if (audio.current && audio.current.srcObject !== stream) audio.current.srcObject = stream;
  }, [stream]);
  return <audio ref={audio} autoplay />;
}

function Toggle({ mesh, medium }: { mesh: Mesh; medium: Medium }) {
  const is_on = mesh.media.value.includes(medium);
  return (
    <button type="button" aria-pressed={is_on} onClick={() => void (is_on ? mesh.unshare(medium) : mesh.share(medium))}>
      {t(`call.${medium}`)}
    </button>
  );
}

export function HelpCall({ wire }: { wire: CallWire }) {
  const mesh = useMemo(() => new Mesh(wire), [wire]);
  useEffect(() => () => mesh.close(), [mesh]);
  const others = wire.people.value.filter((one) => one.in_call && one.name !== wire.my_name());
  const is_in = mesh.is_in.value;
  return (
    <section class="card call" aria-label={t('call.title')}>
      <h2>{t('call.title')}</h2>
      {!is_in && others.length > 0 && <p role="status">{t('call.waits', { names: others.map((one) => one.name).join(', ') })}</p>}
      {!is_in && (
        <p class="buttons">
          <button type="button" disabled={mesh.is_busy.value} onClick={() => void mesh.join(['audio'])}>
            {t('call.join')}
          </button>
          <button type="button" disabled={mesh.is_busy.value} onClick={() => void mesh.join(['audio', 'video'])}>
            {t('call.join_video')}
          </button>
        </p>
      )}
      {mesh.failure.value && (
        <p class="note bad" role="alert">
          {t_or(`call.failed_${mesh.failure.value}`, mesh.failure.value)}
        </p>
      )}
      {is_in && (
        <>
          <ul class="call-people">
            {mesh.heard.value.map((heard) => (
              <Other key={heard.name} heard={heard} />
            ))}
          </ul>
          {mesh.heard.value.length === 0 && <p role="status">{t('call.alone')}</p>}
          {mesh.own.value.map((stream) => (
            <Picture key={stream.id} stream={stream} name={t('people.you')} is_own />
          ))}
          <p class="buttons">
            <Toggle mesh={mesh} medium="audio" />
            <Toggle mesh={mesh} medium="video" />
            {'getDisplayMedia' in (navigator.mediaDevices ?? {}) && <Toggle mesh={mesh} medium="screen" />}
            <button type="button" class="danger" onClick={() => void mesh.leave()}>
              {t('call.leave')}
            </button>
          </p>
        </>
      )}
      <p class="quiet small">{t('call.noted')}</p>
    </section>
  );
}

export function Call({ leg }: { leg: Leg }) {
  const wire = useMemo<CallWire>(
    () => ({
      call: (method, params) => leg.call(method, params),
      on: (method, listen) => leg.on(method, listen),
      people: leg.people,
      my_name: () => leg.told.value?.name ?? '',
    }),
    [leg],
  );
  return leg.told.value?.may.includes('call') ? <HelpCall wire={wire} /> : null;
}
