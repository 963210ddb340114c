// The panels of a session behind tabs. Arrow keys move between tabs, as everywhere.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../words/words';
import { PANELS, type Panel, type PanelProps } from './panels';

function Lazy({ panel, props }: { panel: Panel; props: PanelProps }) {
  const [Loaded, set_loaded] = useState<ComponentType<PanelProps>>();
  const [is_broken, set_broken] = useState(false);
  useEffect(() => {
    panel.load().then(
      (component) => set_loaded(() => component),
      () => set_broken(true),
    );
  }, [panel]);
  if (is_broken)
    return (
      <p class="note bad" role="alert">
        {t('panel.broken')}
      </p>
    );
  return Loaded ? <Loaded {...props} /> : <p role="status">{t('app.loading')}</p>;
}

export function Panels(props: PanelProps) {
  const panels = PANELS.filter((panel) => props.capabilities.includes(panel.capability));
  const [chosen, choose] = useState('');
  const [opened, set_opened] = useState<string[]>([]);
  const active = panels.find((panel) => panel.id === chosen) ?? panels[0];
  useEffect(() => {
    if (active && !opened.includes(active.id)) set_opened([...opened, active.id]);
  }, [active?.id]);
  if (!active) return null;
  const step = (event: KeyboardEvent): void => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const next = panels[(panels.indexOf(active) + by + panels.length) % panels.length];
    if (!next) return;
    event.preventDefault();
    choose(next.id);
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <div class="panels">
      {panels.length > 1 && (
        <div class="panel-tabs" role="tablist" aria-label={t('panel.list')} onKeyDown={step}>
          {panels.map((panel) => (
            <button
              type="button"
              key={panel.id}
              id={`tab-${panel.id}`}
              role="tab"
              aria-selected={panel === active}
              aria-controls={`panel-${panel.id}`}
              tabIndex={panel === active ? 0 : -1}
              onClick={() => choose(panel.id)}
            >
              {t(panel.title)}
            </button>
          ))}
        </div>
      )}
      {panels
        .filter((panel) => panel === active || opened.includes(panel.id))
        .map((panel) => (
          <div
            key={panel.id}
            id={`panel-${panel.id}`}
            role={panels.length > 1 ? 'tabpanel' : undefined}
            aria-labelledby={panels.length > 1 ? `tab-${panel.id}` : undefined}
            hidden={panel !== active}
          >
            <Lazy panel={panel} props={props} />
          </div>
        ))}
    </div>
  );
}
