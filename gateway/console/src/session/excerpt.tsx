// A line that was found, with the words in it marked. Text all of it: the gateway sends pieces, not markup.
import type { LineHit } from '../api/types';

export function Excerpt({ pieces }: { pieces: LineHit['excerpt'] }) {
  return <span class="excerpt">{pieces.map((one, i) => (one.hit ? <mark key={i}>{one.text}</mark> : <span key={i}>{one.text}</span>))}</span>;
}
