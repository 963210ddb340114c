// Files of the product: what the maker's roots hold, down and up. Every transfer is recorded by name, size and sum.
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { exact_time, short_time } from '../time';
import { format_bytes } from '../unit';
import { t, t_or } from '../words/words';
import type { PanelProps } from './panels';
import { save_as } from './save';
import { Download, Upload, type Transfer } from './transfer';

const BIG_BYTES = 64 * 1024 * 1024; // beyond, a download goes straight to the disk

interface Root {
  name: string;
  may_read: boolean;
  may_write: boolean;
  limit: number;
  left: number;
}
interface Entry {
  name: string;
  kind: string;
  size: number;
  mtime_ms: number;
}
interface Listing {
  entries: Entry[];
  truncated: boolean;
  left_out?: number;
}
const said = (error: unknown): string => (error instanceof Error ? error.message : '');

function TransferRow({ one }: { one: Transfer }) {
  const state = one.state.value;
  const size = one.size.value;
  const percent = size > 0 ? Math.floor((one.moved.value / size) * 100) : state === 'done' ? 100 : 0;
  const problem = one.problem.value;
  return (
    <li>
      <p>
        <b>{one.path}</b>{' '}
        <span class="quiet small">
          {t(one.direction === 'up' ? 'files.up' : 'files.down')} · {format_bytes(one.moved.value)} / {format_bytes(size)}
        </span>{' '}
        {!one.is_over && (
          <button type="button" onClick={() => one.cancel()}>
            {t('app.cancel')}
          </button>
        )}
      </p>
      {!one.is_over && <progress max={100} value={percent} aria-label={one.path} />}
      {state === 'hashing' && <p role="status">{t('files.hashing')}</p>}
      {state === 'waiting' && <p role="status">{t('files.waiting')}</p>}
      {state === 'done' && (
        <p class="small" role="status">
          {t('files.done')} <code class="sum">SHA-256 {one.sum.value}</code>
        </p>
      )}
      {state === 'failed' && (
        <p class="note bad" role="alert">
          {t_or(`files.end.${problem}`, problem)}
        </p>
      )}
    </li>
  );
}

function Path({ path, go }: { path: string; go: (path: string) => void }) {
  const parts = path === '' ? [] : path.split('/');
  return (
    <nav class="crumbs" aria-label={t('files.path')}>
      <button type="button" class="plain" onClick={() => go('')}>
        /
      </button>
      {parts.map((part, i) => (
        <button type="button" class="plain" key={i} onClick={() => go(parts.slice(0, i + 1).join('/'))}>
          {part} /
        </button>
      ))}
    </nav>
  );
}

function Entries({ listing, open, take }: { listing: Listing; open: (entry: Entry) => void; take: (entry: Entry) => void }) {
  return (
    <div class="table-box files" tabIndex={0} role="region" aria-label={t('files.title')}>
      <table>
        <caption class="unseen">{t('files.title')}</caption>
        <thead>
          <tr>
            <th scope="col" class="main">
              {t('files.name')}
            </th>
            <th scope="col" class="number">
              {t('files.size')}
            </th>
            <th scope="col" class="wide">
              {t('files.changed')}
            </th>
            <th scope="col">
              <span class="unseen">{t('files.get')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {listing.entries.map((entry) => (
            <tr key={entry.name}>
              <td class="main">
                {entry.kind === 'folder' ? (
                  <button type="button" class="plain" onClick={() => open(entry)}>
                    {entry.name}/
                  </button>
                ) : (
                  entry.name
                )}
              </td>
              <td class="number">{entry.kind === 'file' ? format_bytes(entry.size) : ''}</td>
              <td class="wide number" title={exact_time(entry.mtime_ms)}>
                {short_time(entry.mtime_ms)}
              </td>
              <td>
                {entry.kind === 'file' ? (
                  <button type="button" aria-label={`${t('files.get')} ${entry.name}`} onClick={() => take(entry)}>
                    {t('files.get')}
                  </button>
                ) : (
                  entry.kind !== 'folder' && <span class="quiet small">{t('files.not_a_file')}</span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function UploadForm({ root, send }: { root: Root; send: (file: File, may_replace: boolean) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [may_replace, set_replace] = useState(false);
  const go = (): void => {
    const file = input.current?.files?.[0];
    if (!file || !input.current) return;
    send(file, may_replace);
    input.current.value = '';
  };
  return (
    <div class="buttons">
      <label>
        {t('files.choose')} <input ref={input} type="file" />
      </label>
      <label class="tick">
        <input type="checkbox" checked={may_replace} onChange={(event) => set_replace(event.currentTarget.checked)} /> {t('files.replace')}
      </label>
      <button type="button" class="primary" onClick={go}>
        {t('files.put')}
      </button>
      <span class="quiet small">{t('files.limit', { size: format_bytes(root.limit) })}</span>
    </div>
  );
}

// Transfers outlive the redrawing of the page, and go on after the connection was lost.
const transfers = signal<Transfer[]>([]);

export function FilesPane({ leg, may_act: may_use }: PanelProps) {
  const [roots, set_roots] = useState<Root[]>();
  const [name, set_name] = useState('');
  const [path, set_path] = useState('');
  const [listing, set_listing] = useState<Listing>();
  const [problem, set_problem] = useState('');
  const is_open = leg.state.value === 'open';
  const root = roots?.find((one) => one.name === name) ?? roots?.[0];

  const load = async (from: string, of: Root | undefined, after = ''): Promise<void> => {
    if (!of?.may_read) return;
    try {
      const more = (await leg.call('file.list', { root: of.name, path: from, ...(after ? { after } : {}) })) as Listing;
      set_listing((old) => (after && old ? { ...more, entries: [...old.entries, ...more.entries] } : more));
      set_path(from);
      set_problem('');
    } catch (error) {
      set_problem(said(error));
    }
  };
  const is_ready = is_open && leg.told.value !== undefined;
  useEffect(() => {
    if (!is_ready || !may_use) return;
    for (const one of transfers.value) one.resume();
    if (roots) return;
    leg.call('file.roots', {}).then(
      (answer) => {
        const found = (answer as { roots: Root[] }).roots;
        set_roots(found);
        void load('', found[0]);
      },
      (error: unknown) => set_problem(said(error)),
    );
  }, [is_ready, may_use]);
  useEffect(() => () => void (transfers.value = []), [leg]);

  const begin = (one: Transfer): void => {
    transfers.value = [one, ...transfers.value];
    void one.begin().then(() => undefined);
  };
  const take = async (entry: Entry): Promise<void> => {
    const sink = await save_as(entry.name, entry.size > BIG_BYTES);
    if (sink && root) begin(new Download(leg, root.name, path ? `${path}/${entry.name}` : entry.name, sink));
  };
  const last = listing?.entries.at(-1)?.name ?? '';
  return (
    <section class="card">
      <div class="page-head">
        <h2>{t('files.title')}</h2>
        {root?.may_read && (
          <button type="button" disabled={!is_open} onClick={() => void load(path, root)}>
            {t('files.reload')}
          </button>
        )}
      </div>
      {!may_use && <p class="quiet">{t('files.engineer_only')}</p>}
      {roots?.length === 0 && <p class="quiet">{t('files.none')}</p>}
      {roots && roots.length > 1 && (
        <label>
          {t('files.root')}{' '}
          <select
            value={root?.name}
            onChange={(event) => {
              const chosen = roots.find((one) => one.name === event.currentTarget.value);
              set_name(chosen?.name ?? '');
              set_listing(undefined);
              set_path('');
              void load('', chosen);
            }}
          >
            {roots.map((one) => (
              <option key={one.name}>{one.name}</option>
            ))}
          </select>
        </label>
      )}
      {problem && (
        <p class="note bad" role="alert">
          {t('problem.said', { detail: problem })}
        </p>
      )}
      {root?.may_read && <Path path={path} go={(to) => void load(to, root)} />}
      {listing && <Entries listing={listing} open={(entry) => void load(path ? `${path}/${entry.name}` : entry.name, root)} take={(entry) => void take(entry)} />}
      {listing?.entries.length === 0 && <p class="quiet">{t('files.empty')}</p>}
      {listing?.truncated && (
        <p>
          <button type="button" onClick={() => void load(path, root, last)}>
            {t('files.more')}
          </button>
        </p>
      )}
      {root?.may_write && (
        <UploadForm
          root={root}
          send={(file, may_replace) => begin(new Upload(leg, root.name, path ? `${path}/${file.name}` : file.name, file, may_replace))}
        />
      )}
      {transfers.value.length > 0 && (
        <ol class="runs">
          {transfers.value.map((one, i) => (
            <TransferRow key={transfers.value.length - i} one={one} />
          ))}
        </ol>
      )}
    </section>
  );
}
