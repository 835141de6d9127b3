/** The beginning of a file that is shown as what it is: text, JSON, an image, or facts alone. */

import { useEffect, useState } from 'react';

import type { Preview, VersionRecord } from '../../../../api/records';
import { Note, Skeleton, Text, bytes, shape, useHost, useWords } from '../../../base';
import { Reading } from '../Reading';

type HeadFacts = NonNullable<Preview['head']>;

export function Head({ version }: { version: VersionRecord }) {
  const t = useWords();
  return (
    <Reading
      className="omicshelf-head"
      version={version}
      query={{ kind: 'head' }}
      label={t('Reading the beginning')}
      part={preview => preview.head}
      skeleton={<Skeleton rows={12} height={18} lines={1} />}
    >
      {head => (
        <>
          <HeadLine head={head} />
          {head.text === null ? (
            <Drawn head={head} version={version} />
          ) : (
            <Text as="pre" className="omicshelf-head-text" text={layout(head)} lines code />
          )}
        </>
      )}
    </Reading>
  );
}

function HeadLine({ head }: { head: HeadFacts }) {
  const t = useWords();
  const facts = [
    head.media_type,
    bytes(head.size),
    head.encoding,
    head.width !== null && head.height !== null && shape([head.width, head.height])
  ].filter(Boolean);
  return (
    <p className="omicshelf-head-facts">
      {facts.join(' · ')}
      {head.cut && (
        <span className="omicshelf-dim">
          {' · '}
          {t('the first {size}', { size: bytes(new Blob([head.text ?? '']).size) })}
        </span>
      )}
    </p>
  );
}

/** JSON is laid out, where all of it is there; anything else is what it is. */
function layout({ media_type: type, text, cut }: HeadFacts): string {
  if (text !== null && !cut && type === 'application/json') {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text; // it only says that it is JSON
    }
  }
  return text ?? '';
}

// SVG is not among them: as an image it runs no script, but it is no picture of a few pixels.
const SHOWN = /^image\/(png|jpeg|gif|webp|bmp)$/;
const LARGEST = 25_000_000;

function Drawn({ head, version }: { head: HeadFacts; version: VersionRecord }) {
  const t = useWords();
  if (SHOWN.test(head.media_type) && head.size <= LARGEST) {
    return <Picture head={head} version={version} />;
  }
  return (
    <Note>
      {t('This is no text, and is not drawn here. Load it, or download it, to look at it.')}
    </Note>
  );
}

/** An image, decoded by the browser from the bytes: it can do nothing but be seen. */
function Picture({ head, version }: { head: HeadFacts; version: VersionRecord }) {
  const { client, t } = useHost();
  const [address, setAddress] = useState<string | null>(null);
  const [failed, setFailed] = useState(false);
  const { atlas, dataset_id: id, version_id: versionId } = version;
  useEffect(() => {
    const reading = new AbortController();
    let made: string | null = null;
    client.bytes(client.dataPath({ atlas, id }, versionId), undefined, reading.signal).then(
      data => {
        // The type is what the file was found to be, and never what it says of itself.
        made = URL.createObjectURL(new Blob([data], { type: head.media_type }));
        setAddress(made);
      },
      () => setFailed(!reading.signal.aborted)
    );
    return () => {
      reading.abort();
      if (made) {
        URL.revokeObjectURL(made);
      }
    };
  }, [client, atlas, id, versionId, head.media_type]);
  if (failed) {
    return <Note kind="error">{t('The image could not be read.')}</Note>;
  }
  return address === null ? null : (
    <img
      className="omicshelf-head-image"
      src={address}
      alt={t('The image of this version')}
      onError={() => setFailed(true)}
    />
  );
}
