// A table with thousands of rows of one height: only those in view are in the document.
import { useLayoutEffect, useRef, useState, type CSSProperties, type ReactNode } from 'react';

interface Props {
  label: string;
  count: number;
  rowHeight: number;
  // Widths, in the syntax of grid-template-columns.
  columns: string;
  head: ReactNode;
  row: (index: number) => ReactNode;
  rowKey: (index: number) => string;
  // Called with the rows in view, for what is loaded page by page.
  onView?: (first: number, last: number) => void;
}

// Rows drawn above and below those in view, so that a small step of scrolling finds them there. Each costs as much as one in view.
const OVERSCAN = 3;

export function WindowRows({ label, count, rowHeight, columns, head, row, rowKey, onView }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setHeight(element.clientHeight);
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, []);

  const first = Math.max(Math.min(Math.floor(top / rowHeight), count) - OVERSCAN, 0);
  const last = Math.min(Math.ceil((top + height) / rowHeight) + OVERSCAN, count);
  useLayoutEffect(() => onView?.(first, last), [onView, first, last]);

  const shown = Array.from({ length: Math.max(last - first, 0) }, (_, index) => first + index);
  const style: CSSProperties = { gridTemplateColumns: columns };
  return (
    <div className="rows" ref={box} role="table" aria-label={label} aria-rowcount={count + 1} tabIndex={0} onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
      <div role="rowgroup" className="head-group">
        <div role="row" className="head" aria-rowindex={1} style={style}>{head}</div>
      </div>
      <div role="rowgroup" style={{ height: count * rowHeight, position: 'relative' }}>
        {shown.map((index) => (
          <div key={rowKey(index)} role="row" className="row" aria-rowindex={index + 2} style={{ ...style, height: rowHeight, position: 'absolute', top: index * rowHeight, left: 0 }}>
            {row(index)}
          </div>
        ))}
      </div>
    </div>
  );
}
