/** Our own icon. */

import { LabIcon } from '@jupyterlab/ui-components';

import shelf from '../../style/icons/shelf.svg';

export const shelfIcon = new LabIcon({ name: 'omicshelf:shelf', svgstr: shelf });
