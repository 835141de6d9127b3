/** What is in a file of text, as far as its beginning tells: its shape and its columns. */

import { count } from '../../base/format';
import type { Translate } from '../../words';
import type { IFault } from './peek';

/** Something that was found out. */
export interface IFact {
  title: string;
  detail?: string;
}

export interface IContents {
  facts: readonly IFact[];
  fault: IFault | null;
}

const HEAD = 1 << 18;
const NAMED = 6;
const TABLES = new Set(['csv', 'tsv', 'txt', 'maf', 'seg']);
const NOTHING: IContents = { facts: [], fault: null };

/** Look at the beginning of a table, a GCT or a VCF; of other formats nothing is said. */
export async function contents(
  t: Translate,
  file: Blob,
  format: string | null,
  isPacked: boolean
): Promise<IContents> {
  const plain = (format ?? '').replace(/\+gzip$/, '');
  const isTable = TABLES.has(plain);
  if (!isTable && plain !== 'gct' && plain !== 'vcf') {
    return NOTHING;
  }
  const text = isPacked
    ? await unpacked(file)
    : new TextDecoder().decode(await file.slice(0, HEAD).arrayBuffer());
  const isWhole = !isPacked && file.size <= HEAD;
  switch (plain) {
    case 'gct':
      return gct(t, text);
    case 'vcf':
      return vcf(t, text);
    default:
      return table(t, text, isWhole);
  }
}

/** The beginning of a text that is packed. */
async function unpacked(file: Blob): Promise<string> {
  const packed: ReadableStream<BufferSource> = file.slice(0, HEAD).stream();
  const reader = packed.pipeThrough(new DecompressionStream('gzip')).getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    while (text.length < HEAD) {
      const { value, done } = (await reader.read()) as ReadableStreamReadResult<Uint8Array>;
      if (done) {
        break;
      }
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // It was cut in the middle, or the next block follows: what came before is enough.
  }
  void reader.cancel().catch(() => undefined);
  return text;
}

async function table(t: Translate, text: string, isWhole: boolean): Promise<IContents> {
  // Its last line may not be there as a whole.
  const lines = isWhole ? text : text.slice(0, text.lastIndexOf('\n') + 1);
  const { default: Papa } = await import('papaparse');
  const { data } = Papa.parse<string[]>(lines, { comments: '#', skipEmptyLines: true });
  const [names, ...rows] = data;
  if (!names) {
    return NOTHING;
  }
  const columns = t.plural('{n} column', '{n} columns', names.length, { n: count(names.length) });
  const shape = t.plural('{n} row × {columns}', '{n} rows × {columns}', rows.length, {
    n: count(rows.length),
    columns
  });
  return { facts: [{ title: isWhole ? shape : columns, detail: listed(names) }], fault: null };
}

function gct(t: Translate, text: string): IContents {
  const [first = '', second = ''] = text.split(/\r?\n/, 2);
  if (!/^#1\.[23]\s*$/.test(first)) {
    return { facts: [], fault: unlike(t, 'GCT', '#1.2, #1.3') };
  }
  const [rows, columns] = second.split('\t').map(Number);
  return rows > 0 && columns > 0
    ? fact(t('{m} samples × {n} genes', { m: count(columns), n: count(rows) }))
    : NOTHING;
}

function vcf(t: Translate, text: string): IContents {
  const version = /^##fileformat=(VCFv\S+)/.exec(text);
  if (!version) {
    return { facts: [], fault: unlike(t, 'VCF', '##fileformat=VCF') };
  }
  const header = /^#CHROM\t.*$/m.exec(text)?.[0].split('\t');
  if (!header) {
    return fact(version[1]);
  }
  // Nine columns, and then one for each sample.
  const samples = header.slice(9);
  const words = t.plural('{n} sample', '{n} samples', samples.length, {
    n: count(samples.length)
  });
  return fact(`${version[1]}, ${words}`, listed(samples));
}

function fact(title: string, detail?: string): IContents {
  return { facts: [detail ? { title, detail } : { title }], fault: null };
}

function unlike(t: Translate, format: string, beginning: string): IFault {
  return {
    title: t('The file is no {format}', { format }),
    detail: t('One begins with {beginning}. It may have the wrong ending.', {
      beginning
    })
  };
}

function listed(names: readonly string[]): string {
  return names.slice(0, NAMED).join(', ') + (names.length > NAMED ? ' …' : '');
}
