/** Cells of a notebook: run one under the tracer, go to a line of one. */

import { CodeCell, isCodeCellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { OutputArea } from '@jupyterlab/outputarea';
import type { KernelMessage } from '@jupyterlab/services';

import type { Place } from '../../src/protocol/messages.js';
import { cellAt, lineIn, type Sources } from './lines.js';

const MAGIC = '%%autograd_trace';

/** The code cell that is active, if one is. */
export function activeCodeCell(notebook: NotebookPanel | null): CodeCell | null {
  const cell = notebook?.content.activeCell;
  return cell instanceof CodeCell ? cell : null;
}

/** Run a cell with a tracing line in front, and leave its text alone. */
export async function traceCell(notebook: NotebookPanel, cell: CodeCell): Promise<void> {
  const { model } = cell;
  const source = model.sharedModel.getSource();
  if (!source.trim()) {
    return;
  }
  const code = source.startsWith(MAGIC) ? source : `${MAGIC}\n${source}`;
  model.sharedModel.transact(
    () => {
      model.clearExecution();
      cell.outputHidden = false;
    },
    false,
    'silent-change',
  );
  model.executionState = 'running';
  model.trusted = true;
  try {
    const metadata = { ...model.metadata, cellId: model.sharedModel.getId() };
    const done = await OutputArea.execute(code, cell.outputArea, notebook.sessionContext, metadata);
    model.executionCount = (done as KernelMessage.IExecuteReplyMsg).content.execution_count;
  } catch (error) {
    if (!cell.isDisposed) {
      model.executionState = 'idle';
    }
    // A restart while the cell runs cancels it, which is nothing to complain about.
    if (!(error instanceof Error && error.message.startsWith('Canceled'))) {
      throw error;
    }
  }
}

/** The index of the cell that a place is in; -1 if it is in none of this notebook. */
export function cellOf(notebook: NotebookPanel, place: Place): number {
  const id = cellAt(place, sourcesOf(notebook));
  return notebook.content.widgets.findIndex(cell => cell.model.id === id);
}

/** The texts of a notebook's cells, and the numbers of their last executions. */
export function sourcesOf(notebook: NotebookPanel): Sources {
  const entries = notebook.content.widgets.map(({ model }) => {
    const count = isCodeCellModel(model) ? model.executionCount : null;
    return [model.id, { text: model.sharedModel.getSource(), count }] as const;
  });
  return new Map(entries);
}

/** Select the line of a place and bring it into view. False if it is in no cell here. */
export async function goToPlace(notebook: NotebookPanel, place: Place): Promise<boolean> {
  const index = cellOf(notebook, place);
  const cell = notebook.content.widgets[index];
  if (!cell) {
    return false;
  }
  notebook.content.activeCellIndex = index;
  await notebook.content.scrollToItem(index);
  await cell.ready;
  const line = lineIn(cell.model.sharedModel.getSource(), place);
  const editor = cell.editor;
  const column = editor?.getLine(line)?.length ?? 0;
  editor?.setSelection({ start: { line, column: 0 }, end: { line, column } });
  editor?.revealPosition({ line, column: 0 });
  return true;
}
