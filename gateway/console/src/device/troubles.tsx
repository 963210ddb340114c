// How a product behaves on the wire, when it does not: its clock, its certificate, its connection, its rate.
import type { Device, DeviceDetail, Trouble } from '../api/types';
import { duration } from '../time';
import { Time } from '../ui/time';
import { t } from '../words/words';

function sentence({ kind }: Trouble, device: DeviceDetail): string {
  const by = duration(Math.abs(device.clock_error_ms));
  return t(`trouble.${kind}`, {
    by: t(device.clock_error_ms < 0 ? 'trouble.behind' : 'trouble.ahead', { by }),
    count: device.dropped,
  });
}

export function Troubles({ device }: { device: DeviceDetail }) {
  return (
    <>
      {device.troubles.map((trouble) => (
        <p class="note" key={trouble.kind}>
          {sentence(trouble, device)} ({t('trouble.since')} <Time at={trouble.since_ms} />)
        </p>
      ))}
    </>
  );
}

/** In a list: only what it is called. */
export function TroubleWords({ device }: { device: Device }) {
  return <>{device.troubles.map(({ kind }) => t(`trouble.short.${kind}`)).join(', ')}</>;
}
