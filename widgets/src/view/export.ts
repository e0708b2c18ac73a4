/** The picture as a file: SVG, PNG, or a page of its own. */

import {
  boxShapes,
  dotShapes,
  hullShapes,
  hullTitle,
  pauseShapes,
  pieceShapes,
  weakestFirst,
} from '../draw/art.js';
import { paint } from '../draw/canvas.js';
import { textWidth } from '../draw/fonts.js';
import { pausedBox, reasonOf } from '../draw/paint-scene.js';
import type { Scene } from '../draw/scene.js';
import type { Shape } from '../draw/shapes.js';
import { svg, type Picture } from '../draw/svg.js';
import { text } from '../draw/shapes.js';
import { nodes } from '../model/words.js';
import { tooltipOf } from './facts.js';
import { LEGEND_HEIGHT, legendPart, moved } from './legend.js';
import { page } from './page.js';
import type { ExportKind } from './toolbar.js';
import { trans } from '../trans.js';

const MARGIN = 28;
const HEADER = 36;
/** Pixels of a PNG at most along a side, which browsers can still make. */
const MOST_PIXELS = 8000;

/** The whole scene as a picture, with a title and the legend. */
export function pictureOf(scene: Scene): Picture {
  const { root, boxes } = scene.outline;
  const name = trans.__('Backward graph');
  const { iteration, count } = scene.graph;
  const title = trans.__('iteration %1, %2', iteration.number, nodes(count));
  const legend = legendPart(scene.theme, scene.diff !== null);
  const width = Math.max(root.width, legend.width) + 2 * MARGIN;
  const left = (width - root.width) / 2;
  const bottom = HEADER + MARGIN + root.height + 20;
  const at = (shapes: Shape[]): Shape[] => moved(shapes, left, HEADER + MARGIN);
  const inside = boxes.slice(1);
  const pieces = weakestFirst(
    scene,
    Array.from(scene.layout.flags, (_, n) => n),
  );
  const stop = pausedBox(scene);
  const room = { left: -left, top: -MARGIN, right: width - left, scale: 1 };
  return {
    title: `${name}, ${title}`,
    width,
    height: bottom + LEGEND_HEIGHT + 14,
    page: scene.theme.page,
    parts: [
      {
        shapes: [
          text(MARGIN, 34, name, 15, scene.theme.text, { bold: true }),
          text(MARGIN + textWidth(name, 15, true) + 16, 34, title, 12, scene.theme.quiet),
        ],
      },
      ...inside.filter(b => b.kind === 'hull').map(b => ({ shapes: at(hullShapes(scene, b)) })),
      ...pieces.map(piece => ({ shapes: at(pieceShapes(scene, piece)) })),
      ...inside.filter(b => b.kind === 'hull').map(b => ({ shapes: at(hullTitle(scene, b)) })),
      ...inside
        .filter(b => b.kind !== 'hull')
        .map(b => ({ shapes: at(boxShapes(scene, b)), tooltip: tooltipOf(scene, b) })),
      ...inside
        .filter(b => scene.marks.at(b).length)
        .map(b => ({
          shapes: at(
            dotShapes(
              scene,
              b,
              scene.marks.at(b).some(p => p.enabled),
            ),
          ),
        })),
      { shapes: stop ? at(pauseShapes(stop, reasonOf(scene), room)) : [] },
      { shapes: moved(legend.shapes, MARGIN, bottom) },
    ],
  };
}

/** Hand a picture to the browser as a download. */
export async function save(scene: Scene, kind: ExportKind): Promise<void> {
  const picture = pictureOf(scene);
  const name = `backward-graph-iteration-${scene.graph.iteration.number}.${kind}`;
  if (kind === 'svg') download(name, new Blob([svg(picture)], { type: 'image/svg+xml' }));
  else if (kind === 'html')
    download(name, new Blob([page(picture, scene.theme)], { type: 'text/html' }));
  else download(name, await png(picture));
}

async function png(picture: Picture): Promise<Blob> {
  const scale = Math.min(2, MOST_PIXELS / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const context = canvas.getContext('2d');
  if (!context) throw new Error(trans.__('this browser gives no canvas'));
  context.scale(scale, scale);
  context.lineCap = context.lineJoin = 'round';
  context.fillStyle = picture.page;
  context.fillRect(0, 0, picture.width, picture.height);
  for (const { shapes } of picture.parts) paint(context, shapes);
  return new Promise((resolve, reject) => {
    canvas.toBlob(blob => {
      if (blob) resolve(blob);
      else reject(new Error(trans.__('the picture is too large for a PNG')));
    });
  });
}

function download(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
