/** What is known of the values of a column: cells of its row. */

import { CategoryBar, count, Histogram, measured, share, Text, useWords } from '../../base';
import type { Translate } from '../../words';
import { byFrequency, colorOf, columnKind, type IColumn } from './elements';

interface IFiguresProps {
  column: IColumn;
}

export function ColumnFigures(props: IFiguresProps) {
  switch (columnKind(props.column.element)) {
    case 'number':
      return <Numbers {...props} />;
    case 'category':
    case 'boolean':
      return <Categories {...props} />;
    default:
      return <Other {...props} />;
  }
}

function Numbers({ column }: IFiguresProps) {
  const t = useWords();
  const { min, max, median, histogram, n_null: missing, shape } = column.element;
  if (min === null || max === null) {
    const all = missing !== null && missing === shape?.[0];
    return (
      <>
        <td />
        <td colSpan={3} className="omicshelf-column-words">
          {all ? t('all values are missing') : t('not described')}
        </td>
      </>
    );
  }
  const write = measured([min, median, max].filter(value => value !== null));
  // The least and the largest of whole numbers are whole, whatever their median is.
  const end = Number.isInteger(min) && Number.isInteger(max) ? measured([min, max]) : write;
  return (
    <>
      <td className="omicshelf-column-figure">
        {histogram && (
          <Histogram
            counts={histogram}
            label={
              median === null
                ? t('from {low} to {high}', { low: end(min), high: end(max) })
                : t('from {low} to {high}, median {median}', {
                    low: end(min),
                    high: end(max),
                    median: write(median)
                  })
            }
          />
        )}
      </td>
      <td className="omicshelf-number">{end(min)}</td>
      <td className="omicshelf-number">{median === null ? '' : write(median)}</td>
      <td className="omicshelf-number" title={missing ? missingWords(t, missing) : undefined}>
        {end(max)}
        {missing ? <Missing n={missing} /> : null}
      </td>
    </>
  );
}

function Missing({ n }: { n: number }) {
  const t = useWords();
  return (
    <span className="omicshelf-column-missing" aria-label={missingWords(t, n)}>
      *
    </span>
  );
}

function missingWords(t: Translate, n: number): string {
  return t.plural('{count} value is missing', '{count} values are missing', n, {
    count: count(n)
  });
}

function Categories({ column }: IFiguresProps) {
  const { element } = column;
  const categories = byFrequency(element).map(({ name, n }) => ({
    name,
    n,
    color: colorOf(element, name)
  }));
  const whole = (element.shape?.[0] ?? 0) - (element.n_null ?? 0);
  const listed = categories.reduce((sum, { n }) => sum + n, 0);
  // Of very many only the most frequent are listed: the others are one piece.
  const shown =
    listed < whole
      ? [...categories, { name: '…', n: whole - listed, color: undefined }]
      : categories;
  return (
    <>
      <td className="omicshelf-column-figure">
        {shown.length > 0 && <CategoryBar categories={shown} />}
      </td>
      <td colSpan={3} className="omicshelf-column-words">
        <CategoryWords column={column} whole={whole} />
      </td>
    </>
  );
}

/** `10 categories, Dendritic 34%`; of up to three, all of them. */
function CategoryWords({ column, whole }: { column: IColumn; whole: number }) {
  const t = useWords();
  const { element } = column;
  const categories = byFrequency(element);
  const n = element.n_categories ?? categories.length;
  const missing = element.n_null ? `, ${missingWords(t, element.n_null)}` : '';
  let words: string;
  if (columnKind(element) === 'boolean') {
    const of = (name: string) => categories.find(one => one.name.toLowerCase() === name)?.n ?? 0;
    words = t('{yes} true, {no} false', { yes: count(of('true')), no: count(of('false')) });
  } else if (n > 0 && n <= 3) {
    words = categories.map(one => `${one.name} ${rounded(one.n, whole)}`).join(', ');
  } else {
    words = t.plural('{count} category', '{count} categories', n, { count: count(n) });
    words += stands(categories[0], whole);
  }
  return <Text text={words + missing} />;
}

// Below this it is one among many.
const STANDS_OUT = 0.2;

/** The largest category, where it stands out; "0 19%" of a cluster's number says nothing. */
function stands(largest: { name: string; n: number } | undefined, whole: number): string {
  return largest && largest.n >= STANDS_OUT * whole && !/^\d+$/.test(largest.name)
    ? `, ${largest.name} ${rounded(largest.n, whole)}`
    : '';
}

/** A share in whole percents: beside a bar the first two digits are enough. */
function rounded(n: number, whole: number): string {
  const percent = Math.round((n / Math.max(1, whole)) * 100);
  return percent > 0 && percent <= 100 ? `${percent}%` : share(n, whole);
}

function Other({ column }: IFiguresProps) {
  const t = useWords();
  const { n_categories: n, n_null: missing, shape, preview } = column.element;
  const rows = shape?.[0] ?? 0;
  const unique = n !== null && n > 1 && n === rows - (missing ?? 0);
  const words =
    n === null
      ? (preview ?? '')
      : t.plural('{count} value', '{count} values', n, { count: count(n) });
  return (
    <>
      <td className="omicshelf-dim">{unique ? t('unique') : ''}</td>
      <td colSpan={3} className="omicshelf-column-words" title={preview ?? undefined}>
        <Text
          text={missing ? `${words}, ${missingWords(t, missing)}` : words}
          title={preview ?? undefined}
        />
      </td>
    </>
  );
}
