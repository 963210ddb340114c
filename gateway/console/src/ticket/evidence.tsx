// What the product measured around the ticket's alarms, as its recorder had it: a row for each, the newest open. Charts are
// loaded with the first one that is opened.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get } from '../api/client';
import { useResource } from '../api/resource';
import type { Evidence, EvidenceDetail, Notice, Page } from '../api/types';
import { Loaded } from '../ui/loaded';
import { Time } from '../ui/time';
import { format_bytes } from '../unit';
import { t, t_or } from '../words/words';

const HAS_SAMPLES: Evidence['state'][] = ['complete', 'partial'];

type Charts = ComponentType<{ evidence: EvidenceDetail }>;

function Opened({ evidence }: { evidence: Evidence }) {
  const [charts, set_charts] = useState<{ draw: Charts }>();
  const detail = useResource(`evidence ${evidence.id}`, (abort) => get<EvidenceDetail>(`/evidence/${evidence.id}`, abort));
  useEffect(() => {
    void import('./evidence_charts').then(({ EvidenceCharts }) => set_charts({ draw: EvidenceCharts }));
  }, []);
  return (
    <Loaded from={detail}>
      {(data) =>
        charts ? (
          <charts.draw evidence={data} />
        ) : (
          <p class="quiet loading" role="status">
            {t('app.loading')}
          </p>
        )
      }
    </Loaded>
  );
}

function summary(evidence: Evidence): string {
  if (!HAS_SAMPLES.includes(evidence.state)) return t_or(`evidence.${evidence.state}`, evidence.state);
  return t('evidence.summary', {
    seconds: Math.round((evidence.last_ms - evidence.first_ms) / 1_000),
    metrics: evidence.series.length,
    samples: evidence.samples.toLocaleString('en'),
    bytes: format_bytes(evidence.bytes),
  });
}

function Row({ evidence, is_first }: { evidence: Evidence; is_first: boolean }) {
  const [is_open, set_open] = useState(is_first);
  const name = evidence.part ? `${evidence.alarm} · ${evidence.part}` : evidence.alarm;
  return (
    <details id={`evidence-${evidence.id}`} open={is_open} onToggle={(event) => set_open(event.currentTarget.open)}>
      <summary>
        <b>{name}</b> <Time at={evidence.raised_ms} is_exact /> <span class="quiet">{summary(evidence)}</span>
      </summary>
      {evidence.why && <p class="small">{evidence.why}</p>}
      {evidence.missed > 0 && <p class="small">{t('evidence.missed', { count: evidence.missed })}</p>}
      {HAS_SAMPLES.includes(evidence.state) && is_open && <Opened evidence={evidence} />}
      {HAS_SAMPLES.includes(evidence.state) && (
        <p class="small">
          <a href={`/api/v1/evidence/${evidence.id}/csv`} download={`evidence-${evidence.id}.csv`}>
            {t('evidence.csv')}
          </a>
        </p>
      )}
    </details>
  );
}

export function EvidenceSection({ ticket }: { ticket: number }) {
  const concerns = (notice: Notice): boolean => notice.kind === 'ticket' && notice.id === String(ticket);
  const list = useResource(`evidence of ${ticket}`, (abort) => get<Page<Evidence, never>>(`/tickets/${ticket}/evidence`, abort), { concerns });
  if (list.data?.items.length === 0) return null;
  return (
    <section class="evidence">
      <h2>{t('evidence.title')}</h2>
      <p class="quiet small">{t('evidence.hint')}</p>
      <Loaded from={list}>
        {({ items }) => {
          const first = items.find(({ state }) => HAS_SAMPLES.includes(state));
          return (
            <>
              {items.map((one) => (
                <Row key={`${one.id} ${one.state}`} evidence={one} is_first={one === first} />
              ))}
            </>
          );
        }}
      </Loaded>
    </section>
  );
}
