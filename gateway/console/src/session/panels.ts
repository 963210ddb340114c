// What can be done in a session, a row each: which capability it needs and the code that draws it. A panel is loaded when it
// is opened for the first time, and stays while the page does, so that a terminal or a transfer goes on behind another panel.
import type { ComponentType } from 'preact';
import type { DeviceDetail, Session } from '../api/types';
import type { Word } from '../words/words';
import type { Leg } from './leg';
import type { SoFar } from './transcript';

export interface PanelProps {
  leg: Leg;
  capabilities: string[]; // consented to
  may_act: boolean; // this person holds the keyboard and the session is not frozen; else the panel only shows
  session: Session;
  device: DeviceDetail;
  before: SoFar; // what was on the terminal before this page came
}
export interface Panel {
  id: string;
  capability: string;
  title: Word;
  load: () => Promise<ComponentType<PanelProps>>;
}

export const PANELS: Panel[] = [
  { id: 'terminal', capability: 'shell', title: 'terminal.title', load: async () => (await import('./terminal')).TerminalPane },
  { id: 'files', capability: 'files', title: 'files.title', load: async () => (await import('./files')).FilesPane },
  { id: 'diagnose', capability: 'diagnose', title: 'diagnose.title', load: async () => (await import('./diagnose')).DiagnosePane },
  { id: 'observe', capability: 'observe', title: 'observe.title', load: async () => (await import('./observe')).ObservePane },
  { id: 'screen', capability: 'screen', title: 'screen.title', load: async () => (await import('./screen')).ScreenPane },
  { id: 'forward', capability: 'forward', title: 'forward.title', load: async () => (await import('./forward')).ForwardPane },
  { id: 'configure', capability: 'configure', title: 'configure.title', load: async () => (await import('./configure')).ConfigurePane },
];
