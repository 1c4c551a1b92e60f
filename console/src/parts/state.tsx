// A destination's state, as a word and a colour.
import type { DestinationState } from '../api/types';

const STYLES: Record<DestinationState, { className: string; word: string }> = {
  delivering: { className: 'green', word: 'Delivering' },
  idle: { className: 'grey', word: 'Idle' },
  behind: { className: 'amber', word: 'Behind' },
  waiting: { className: 'blue', word: 'Waiting' },
  blocked: { className: 'red', word: 'Blocked' },
  off: { className: 'hollow', word: 'Off' },
};

export function State({ state, title, pill = false }: { state: DestinationState; title?: string; pill?: boolean }) {
  const style = STYLES[state] ?? { className: 'grey', word: state };
  return (
    <span className={`state ${style.className}${pill ? ' pill' : ''}`} title={title}>
      {style.word}
    </span>
  );
}
