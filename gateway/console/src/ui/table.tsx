// A table as rows of columns. A narrow window leaves some out and shows each row as a small block, its main cell on a line of
// its own; the roles are spelt out because such a layout takes a table's own meaning away.
import type { ComponentChildren } from 'preact';

export interface Column<T> {
  head: string;
  cell: (row: T) => ComponentChildren;
  is_wide_only?: boolean; // left out below 700 px
  is_number?: boolean;
  is_main?: boolean; // gets the room that is left
}

export function Table<T>({
  label,
  columns,
  rows,
  row_key,
  row_class,
}: {
  label: string;
  columns: Column<T>[];
  rows: T[];
  row_key: (row: T) => string | number;
  row_class?: (row: T) => string | undefined;
}) {
  const class_of = (c: Column<T>): string =>
    [c.is_wide_only && 'wide', c.is_number && 'number', c.is_main && 'main'].filter(Boolean).join(' ');
  return (
    <div class="table-box">
      <table role="table" class="rows">
        <caption class="unseen">{label}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((c) => (
              <th key={c.head} role="columnheader" scope="col" class={class_of(c)}>
                {c.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={row_key(row)} role="row" class={row_class?.(row)}>
              {columns.map((c) => (
                <td key={c.head} role="cell" class={class_of(c)}>
                  {c.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
