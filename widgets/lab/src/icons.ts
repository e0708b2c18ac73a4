/** Icons of the panel and the toolbar button; JupyterLab gives them the theme's colours. */

import { LabIcon } from '@jupyterlab/ui-components';

import panel from '../style/panel.svg';
import trace from '../style/trace.svg';

export const panelIcon = new LabIcon({ name: 'autograd-core:panel', svgstr: panel });
export const traceIcon = new LabIcon({ name: 'autograd-core:trace', svgstr: trace });
