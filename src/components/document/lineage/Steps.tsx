/** The same as the graph in a table, for who does not see it, and for graphs too large to draw. */

import { LinkButton, Text, useWords } from '../../base';
import type { IGraph } from './graph';
import { edgeWords, nameOf } from './words';

interface IStepsProps {
  graph: IGraph;
  chosen: string;
  onChoose: (id: string) => void;
}

export function Steps({ graph, chosen, onChoose }: IStepsProps) {
  const t = useWords();
  const nodes = new Map(graph.nodes.map(node => [node.id, node]));
  const cell = (id: string) => {
    const node = nodes.get(id);
    return (
      node && (
        <LinkButton strong={id === chosen} onClick={() => onChoose(id)}>
          <Text text={nameOf(t, node)} />
        </LinkButton>
      )
    );
  };
  return (
    <div className="omicshelf-lineage-steps">
      <table className="omicshelf-compare-table" aria-label={t('Steps')}>
        <thead>
          <tr>
            <th scope="col">{t('From')}</th>
            <th scope="col">{t('How')}</th>
            <th scope="col">{t('To')}</th>
          </tr>
        </thead>
        <tbody>
          {graph.edges.map(({ source, target, kind }) => (
            <tr key={`${source} ${target} ${kind}`}>
              <td>{cell(source)}</td>
              <td>{edgeWords(t, kind)}</td>
              <td>{cell(target)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
