/** Models whose graphs look like those of real ones. */

import type { Place } from '../src/protocol/messages.js';
import { Builder } from './builder.js';

const line = (line: number, text: string): Place => ({
  file: '/home/me/model.py', line, text, where: `model.py:${line}`,
}); // prettier-ignore

const cell = (line: number, text: string): Place => ({
  file: '/tmp/ipykernel_1/1.py', line, text, where: `In [3], line ${line}`, execution_count: 3,
}); // prettier-ignore

/** A few layers written out in a cell, without modules. */
export function script(trace = 'script'): Builder {
  const b = new Builder(trace);
  for (b.iteration = 0; b.iteration < 3; b.iteration++) {
    const from = b.tables.nodes.length;
    const [w1, b1] = [b.leaf('w1', [784, 128]), b.leaf('b1', [128])];
    const [w2, b2] = [b.leaf('w2', [128, 10]), b.leaf('b2', [10])];
    const mm = b.op('MmBackward0', '', [w1], [64, 128], cell(2, 'h = (x @ w1 + b1).tanh()'));
    const add = b.op('AddBackward0', '', [mm, b1], [64, 128], cell(2, 'h = (x @ w1 + b1).tanh()'));
    const tanh = b.op('TanhBackward0', '', [add], [64, 128], cell(2, 'h = (x @ w1 + b1).tanh()'));
    const mm2 = b.op('MmBackward0', '', [tanh, w2], [64, 10], cell(3, 'y = h @ w2 + b2'));
    const add2 = b.op('AddBackward0', '', [mm2, b2], [64, 10], cell(3, 'y = h @ w2 + b2'));
    const log = b.op(
      'LogSoftmaxBackward0',
      '',
      [add2],
      [64, 10],
      cell(4, 'loss = F.cross_entropy(y, target)'),
    );
    const clip = b.op('ClipBackward', '', [log], [64, 10], cell(4, 'loss = Clip.apply(loss)'), 2);
    b.op('NllLossBackward0', '', [clip], [], cell(4, 'loss = F.cross_entropy(y, target)'));
    b.backward(id => 10 ** (-((id % 11) * 0.35) - b.iteration * 0.2), from);
  }
  b.iteration = 2;
  return b;
}

export interface TransformerOptions {
  layers: number;
  /** Where layers are: `transformer.h`, or several stages. */
  stages?: number;
  iterations?: number;
  /** The layer in which a NaN appears; -1 for none. */
  nan?: number;
  /** Gradients grow or vanish by so many decades from the loss to the input. */
  decades?: number;
  checkpoint?: boolean;
  /** Run backward in the last iteration too. */
  complete?: boolean;
}

/** Attention blocks with residual connections, as in GPT-2; some 56 nodes each. */
export function transformer(trace: string, options: TransformerOptions): Builder {
  const { layers, stages = 1, iterations = 2, nan = -1, decades = 4, complete = true } = options;
  const b = new Builder(trace);
  for (b.iteration = 0; b.iteration < iterations; b.iteration++) {
    const from = b.tables.nodes.length;
    const bad = forward(b, layers, stages, options.checkpoint === true, nan);
    const count = b.tables.nodes.length - from;
    const last = b.iteration === iterations - 1;
    if (last && !complete) continue;
    b.backward(id => {
      if (last && bad >= 0 && id < bad + 14 && id > bad - 30) return NaN;
      const depth = 1 - (id - from) / count;
      return 10 ** (0.8 - depth * decades + (b.noise() - 0.5) * 1.6);
    }, from);
  }
  b.iteration = iterations - 1;
  return b;
}

function forward(
  b: Builder,
  layers: number,
  stages: number,
  checkpoint: boolean,
  nan: number,
): number {
  let bad = -1;
  const again: [block: number, input: number][] = [];
  const wte = b.leaf('transformer.wte.weight', [50257, 256]);
  const wpe = b.leaf('transformer.wpe.weight', [1024, 256]);
  const tokens = b.op(
    'EmbeddingBackward0',
    'transformer.wte',
    [wte],
    [8, 64, 256],
    line(40, 'tok = self.wte(idx)'),
  );
  const places = b.op(
    'EmbeddingBackward0',
    'transformer.wpe',
    [wpe],
    [64, 256],
    line(41, 'pos = self.wpe(pos)'),
  );
  let x = b.op(
    'AddBackward0',
    'transformer',
    [tokens, places],
    [8, 64, 256],
    line(42, 'x = self.drop(tok + pos)'),
  );
  x = b.op(
    'MulBackward0',
    'transformer.drop',
    [x],
    [8, 64, 256],
    line(42, 'x = self.drop(tok + pos)'),
  );
  for (let stage = 0; stage < stages; stage++) {
    const prefix = stages === 1 ? 'transformer.h' : `transformer.stage.${stage}.h`;
    for (let n = 0; n < layers / stages; n++) {
      const before = x;
      x = block(b, `${prefix}.${n}`, `${prefix}.${n}`, x);
      if (checkpoint && n % 2) again.push([n, before]);
      if (n === nan) bad = x;
    }
  }
  x = norm(b, 'transformer.ln_f', 'transformer.ln_f', x, 50);
  const view = b.op(
    'ViewBackward0',
    'lm_head',
    [x],
    [512, 256],
    line(52, 'logits = self.lm_head(x)'),
  );
  const t = b.op(
    'TBackward0',
    'lm_head',
    [wte],
    [256, 50257],
    line(52, 'logits = self.lm_head(x)'),
  );
  const logits = b.op(
    'MmBackward0',
    'lm_head',
    [view, t],
    [512, 50257],
    line(52, 'logits = self.lm_head(x)'),
  );
  const flat = b.op(
    'ViewBackward0',
    '',
    [logits],
    [512, 50257],
    line(53, 'logits.view(-1, logits.size(-1))'),
  );
  const soft = b.op(
    'LogSoftmaxBackward0',
    '',
    [flat],
    [512, 50257],
    line(54, 'loss = F.cross_entropy(logits, targets)'),
  );
  b.op('NllLossBackward0', '', [soft], [], line(54, 'loss = F.cross_entropy(logits, targets)'));
  // What backward computes again for the checkpointed blocks.
  for (const [n, input] of again) {
    linear(
      b,
      `transformer.recompute.h.${n}.mlp.c_fc`,
      `transformer.h.${n}.mlp.c_fc`,
      input,
      1024,
      30,
    );
  }
  return bad;
}

const BIG = [8, 64, 256];

function block(b: Builder, scope: string, name: string, x: number): number {
  const first = norm(b, `${scope}.ln_1`, `${name}.ln_1`, x, 20);
  const attended = attention(b, `${scope}.attn`, `${name}.attn`, first);
  const middle = b.op(
    'AddBackward0',
    scope,
    [x, attended],
    BIG,
    line(21, 'x = x + self.attn(self.ln_1(x))'),
  );
  const second = norm(b, `${scope}.ln_2`, `${name}.ln_2`, middle, 22);
  const wide = linear(b, `${scope}.mlp.c_fc`, `${name}.mlp.c_fc`, second, 1024, 30);
  const active = gelu(b, `${scope}.mlp.act`, wide);
  const narrow = linear(b, `${scope}.mlp.c_proj`, `${name}.mlp.c_proj`, active, 256, 32);
  return b.op(
    'AddBackward0',
    scope,
    [middle, narrow],
    BIG,
    line(22, 'x = x + self.mlp(self.ln_2(x))'),
  );
}

function norm(b: Builder, scope: string, name: string, x: number, at: number): number {
  const parameters = [b.leaf(`${name}.weight`, [256]), b.leaf(`${name}.bias`, [256])];
  return b.op(
    'NativeLayerNormBackward0',
    scope,
    [x, ...parameters],
    BIG,
    line(at, 'F.layer_norm(x, ...)'),
  );
}

function linear(
  b: Builder,
  scope: string,
  name: string,
  x: number,
  wide: number,
  at: number,
): number {
  const place = line(at, 'F.linear(x, self.weight, self.bias)');
  const [weight, bias] = [b.leaf(`${name}.weight`, [wide, 256]), b.leaf(`${name}.bias`, [wide])];
  const view = b.op('ViewBackward0', scope, [x], [512, 256], place);
  const t = b.op('TBackward0', scope, [weight], [256, wide], place);
  const product = b.op('AddmmBackward0', scope, [bias, view, t], [512, wide], place);
  return b.op('ViewBackward0', scope, [product], [8, 64, wide], place);
}

function attention(b: Builder, scope: string, name: string, x: number): number {
  const projected = linear(b, `${scope}.c_attn`, `${name}.c_attn`, x, 768, 60);
  const split = b.op(
    'SplitBackward0',
    scope,
    [projected],
    BIG,
    line(61, 'q, k, v = qkv.split(n, dim=2)'),
  );
  const [q, k, v] = [0, 1, 2].map(n => {
    const view = b.op(
      'ViewBackward0',
      scope,
      [split],
      [8, 64, 4, 64],
      line(62 + n, `${'qkv'[n]}.view(B, T, h, C // h)`),
    );
    return b.op(
      'TransposeBackward0',
      scope,
      [view],
      [8, 4, 64, 64],
      line(62 + n, `${'qkv'[n]}.view(B, T, h, C // h).transpose(1, 2)`),
    );
  });
  const kt = b.op(
    'TransposeBackward0',
    scope,
    [k!],
    [8, 4, 64, 64],
    line(66, 'att = (q @ k.transpose(-2, -1)) * scale'),
  );
  const scores = b.op(
    'BmmBackward0',
    scope,
    [q!, kt],
    [32, 64, 64],
    line(66, 'att = (q @ k.transpose(-2, -1)) * scale'),
  );
  const scaled = b.op(
    'DivBackward0',
    scope,
    [scores],
    [8, 4, 64, 64],
    line(66, 'att = (q @ k.transpose(-2, -1)) * scale'),
  );
  const masked = b.op(
    'MaskedFillBackward0',
    scope,
    [scaled],
    [8, 4, 64, 64],
    line(67, 'att.masked_fill(mask, -inf)'),
  );
  const soft = b.op(
    'SoftmaxBackward0',
    scope,
    [masked],
    [8, 4, 64, 64],
    line(68, 'att = F.softmax(att, dim=-1)'),
  );
  const dropped = b.op(
    'MulBackward0',
    `${scope}.attn_dropout`,
    [soft],
    [8, 4, 64, 64],
    line(69, 'att = self.attn_dropout(att)'),
  );
  const mixed = b.op('BmmBackward0', scope, [dropped, v!], [32, 64, 64], line(70, 'y = att @ v'));
  const back = b.op(
    'TransposeBackward0',
    scope,
    [mixed],
    [8, 64, 4, 64],
    line(71, 'y.transpose(1, 2)'),
  );
  const clone = b.op('CloneBackward0', scope, [back], [8, 64, 4, 64], line(71, 'y.contiguous()'));
  const view = b.op('ViewBackward0', scope, [clone], BIG, line(71, 'y.view(B, T, C)'));
  return linear(b, `${scope}.c_proj`, `${name}.c_proj`, view, 256, 72);
}

function gelu(b: Builder, scope: string, x: number): number {
  const place = line(80, '0.5 * x * (1 + tanh(c * (x + 0.044715 * x ** 3)))');
  const half = b.op('MulBackward0', scope, [x], BIG, place);
  const cube = b.op('PowBackward0', scope, [x], BIG, place);
  const scaled = b.op('MulBackward0', scope, [cube], BIG, place);
  const sum = b.op('AddBackward0', scope, [x, scaled], BIG, place);
  const inner = b.op('MulBackward0', scope, [sum], BIG, place);
  const tanh = b.op('TanhBackward0', scope, [inner], BIG, place);
  const one = b.op('AddBackward0', scope, [tanh], BIG, place);
  return b.op('MulBackward0', scope, [half, one], BIG, place);
}

/** A recurrent network unrolled in a loop: no modules, one pattern over and over. */
export function recurrent(trace: string, steps: number): Builder {
  const b = new Builder(trace);
  const [w, u, bias] = [b.leaf('w', [64, 64]), b.leaf('u', [10, 64]), b.leaf('b', [64])];
  let h = b.op('ZerosBackward0', '', [], [1, 64], cell(1, 'h = h0'));
  for (let n = 0; n < steps; n++) {
    const place = cell(3, 'h = torch.tanh(h @ w + x[t] @ u + b)');
    const hw = b.op('MmBackward0', '', [h, w], [1, 64], place);
    const xu = b.op('MmBackward0', '', [u], [1, 64], place);
    const sum = b.op('AddBackward0', '', [hw, xu], [1, 64], place);
    const all = b.op('AddBackward0', '', [sum, bias], [1, 64], place);
    h = b.op('TanhBackward0', '', [all], [1, 64], place);
  }
  b.op('SumBackward0', '', [h], [], cell(4, 'loss = h.sum()'));
  const count = b.tables.nodes.length;
  b.backward(id => 10 ** (-9 * (1 - id / count)));
  return b;
}

/**
 * Two inputs through the same encoder, then their distance; what the encoder gets the second
 * time is made after its first call, or (`apart`) before.
 */
export function siamese(trace: string, apart = false): Builder {
  const b = new Builder(trace);
  const weights = [1, 2].map(n => b.leaf(`encoder.fc${n}.weight`, [32, 32]));
  const stem = (): number => b.op('MulBackward0', 'stem', [], [8, 32], cell(2, 'x = stem(x)'));
  const encode = (x: number): number => {
    for (const [n, weight] of weights.entries()) {
      const scope = `encoder.fc${n + 1}`;
      const turned = b.op('TBackward0', scope, [weight], [32, 32], line(9, 'weight.t()'));
      x = b.op('AddmmBackward0', scope, [x, turned], [8, 32], line(9, 'x @ w + b'));
      x = b.op('TanhBackward0', 'encoder', [x], [8, 32], line(14, 'x = torch.tanh(x)'));
    }
    return x;
  };
  const first = stem();
  let second = apart ? stem() : -1;
  const one = encode(first);
  if (second < 0) second = stem();
  const two = encode(second);
  const away = b.op('SubBackward0', '', [one, two], [8, 32], cell(3, 'd = (a - b) ** 2'));
  const square = b.op('PowBackward0', '', [away], [8, 32], cell(3, 'd = (a - b) ** 2'));
  b.op('SumBackward0', '', [square], [], cell(4, 'loss = d.sum()'));
  b.backward(id => 10 ** -(id % 5));
  return b;
}

/** Labels that try to be more than text. */
export function hostile(trace = 'hostile'): Builder {
  const b = new Builder(trace);
  const bad = '<img src=x onerror="window.hacked=1">';
  const weight = b.leaf(`${bad}.weight`, [2, 2]);
  const place = (text: string): Place => ({ file: bad, line: 1, text, where: `${bad}:1` });
  const inner = b.op(
    `${bad}Backward0`,
    `net.${bad}`,
    [weight],
    [2, 2],
    place('</script><script>window.hacked=2</script>'),
  );
  const long = b.op(
    `${'very'.repeat(80)}Backward0`,
    `net.${bad}`,
    [inner],
    [2, 2],
    place('x = '.repeat(200)),
  );
  const arabic = b.op(
    '\u202eشبكة عصبيةBackward0',
    'net.\u202eطبقة',
    [long],
    [2, 2],
    place('\u202e = y'),
  );
  const emoji = b.op(
    '🔥👩‍👩‍👧‍👦\ud800Backward0',
    'net.🧠.]]>&amp;',
    [arabic],
    [2, 2],
    place("' onload='window.hacked=3"),
  );
  b.op('SumBackward0', 'net', [emoji], [], place('\u0000\u0007 control'));
  b.backward(id => 10 ** -id);
  return b;
}
