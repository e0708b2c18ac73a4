"""Networks as people write them, with ``torch`` as an argument: PyTorch or autograd_core."""

import math


def mlp(torch):
    nn = torch.nn
    return nn.Sequential(
        nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 16), nn.Tanh(),
        nn.Linear(16, 10),
    )  # fmt: skip


def cnn(torch):
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.GELU(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


def recurrent(torch, kind):
    """A classifier of sequences of different length."""
    nn = torch.nn

    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(12, 6, padding_idx=0)
            self.rnn = getattr(nn, kind)(6, 8, num_layers=2, bidirectional=True, batch_first=True)
            self.head = nn.Linear(16, 3)

        def forward(self, tokens, lengths):
            packed = nn.utils.rnn.pack_padded_sequence(
                self.embed(tokens), lengths, batch_first=True, enforce_sorted=False
            )
            out, _ = self.rnn(packed)
            out, _ = nn.utils.rnn.pad_packed_sequence(out, batch_first=True)
            return self.head(out.sum(1) / lengths.to(out.dtype).unsqueeze(1))

    return Recurrent()


def resnet18(torch, width=8, classes=5):
    """He and others, "Deep Residual Learning for Image Recognition", 2015; narrower."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, inside, outside, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outside)
            self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outside)
            self.relu = nn.ReLU(inplace=True)
            self.downsample = None
            if stride != 1 or inside != outside:
                self.downsample = nn.Sequential(
                    nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside)
                )

        def forward(self, x):
            shortcut = x if self.downsample is None else self.downsample(x)
            out = self.relu(self.bn1(self.conv1(x)))
            out = self.bn2(self.conv2(out))
            out += shortcut
            return self.relu(out)

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            self.relu = nn.ReLU(inplace=True)
            self.maxpool = nn.MaxPool2d(3, 2, 1)
            inside = width
            for i, stride in enumerate((1, 2, 2, 2)):
                outside = width * 2**i
                blocks = nn.Sequential(Block(inside, outside, stride), Block(outside, outside, 1))
                setattr(self, f"layer{i + 1}", blocks)
                inside = outside
            self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
            self.fc = nn.Linear(inside, classes)
            for m in self.modules():
                if isinstance(m, nn.Conv2d):
                    nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")

        def forward(self, x):
            x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
            return self.fc(torch.flatten(self.avgpool(x), 1))

    return ResNet()


def detector(torch, classes=3):
    """A small backbone and a head that predicts a box and classes for each cell of a grid."""
    nn = torch.nn

    def conv(inside, outside, stride):
        return nn.Sequential(
            nn.Conv2d(inside, outside, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outside),
            nn.SiLU(),
        )

    class Detector(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = conv(3, 8, 2)
            self.down = conv(8, 16, 2)
            self.deep = conv(16, 16, 2)
            self.up = nn.Upsample(scale_factor=2, mode="nearest")
            self.fuse = conv(32, 16, 1)
            self.head = nn.Conv2d(16, 5 + classes, 1)

        def forward(self, x):
            middle = self.down(self.stem(x))
            deep = self.up(self.deep(middle))
            out = self.head(self.fuse(torch.cat([middle, deep], 1)))
            return out.permute(0, 2, 3, 1).contiguous()

    return Detector()


def detector_loss(torch, out, boxes, objects, labels):
    """Overlap of boxes, and cross entropies of objectness and class."""
    F = torch.nn.functional
    here = objects > 0
    found = out[here]
    centre, size = found[:, :2].sigmoid(), found[:, 2:4].exp()
    low, high = centre - size / 2, centre + size / 2
    wanted = boxes[here]
    wanted_low = wanted[:, :2] - wanted[:, 2:] / 2
    wanted_high = wanted[:, :2] + wanted[:, 2:] / 2
    shared = (torch.min(high, wanted_high) - torch.max(low, wanted_low)).clamp(min=0).prod(1)
    union = size.prod(1) + wanted[:, 2:].prod(1) - shared
    overlap = (1 - shared / union).mean()
    objectness = F.binary_cross_entropy_with_logits(out[..., 4], objects)
    return overlap + objectness + F.cross_entropy(found[:, 5:], labels[here])


def gpt(torch, vocabulary, width=24, heads=3, layers=2, context=32):
    """A decoder shaped as GPT-2 (Radford and others 2019): pre-norm, tied embeddings."""
    nn, F = torch.nn, torch.nn.functional

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.c_attn = nn.Linear(width, 3 * width)
            self.c_proj = nn.Linear(width, width)

        def forward(self, x):
            b, t, c = x.size()
            q, k, v = self.c_attn(x).split(c, dim=2)
            q, k, v = (a.view(b, t, heads, c // heads).transpose(1, 2) for a in (q, k, v))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.c_proj(y.transpose(1, 2).contiguous().view(b, t, c))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.ln_1 = nn.LayerNorm(width)
            self.attn = Attention()
            self.ln_2 = nn.LayerNorm(width)
            self.mlp = nn.ModuleDict(
                {"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)}
            )

        def forward(self, x):
            x = x + self.attn(self.ln_1(x))
            hidden = F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh")
            return x + self.mlp["c_proj"](hidden)

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.wte = nn.Embedding(vocabulary, width)
            self.wpe = nn.Embedding(context, width)
            self.h = nn.ModuleList([Block() for _ in range(layers)])
            self.ln_f = nn.LayerNorm(width)
            self.lm_head = nn.Linear(width, vocabulary, bias=False)
            self.lm_head.weight = self.wte.weight
            for name, p in self.named_parameters():
                if p.dim() == 2:
                    scale = 1 / math.sqrt(2 * layers) if name.endswith("c_proj.weight") else 1.0
                    nn.init.normal_(p, std=0.2 * scale)

        def forward(self, tokens):
            places = torch.arange(tokens.size(1), device=tokens.device)
            x = self.wte(tokens) + self.wpe(places)
            for block in self.h:
                x = block(x)
            return self.lm_head(self.ln_f(x))

        def generate(self, tokens, count):
            """The likeliest next token, again and again."""
            with torch.no_grad():
                for _ in range(count):
                    logits = self(tokens[:, -context:])[:, -1]
                    tokens = torch.cat([tokens, logits.argmax(-1, keepdim=True)], 1)
            return tokens

    return GPT()


def bert(torch, vocabulary=20, width=16, heads=4, layers=2, context=12):
    """An encoder shaped as BERT (Devlin and others 2018), which fills gaps."""
    nn = torch.nn

    class Bert(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(vocabulary, width, padding_idx=0)
            self.places = nn.Embedding(context, width)
            self.kinds = nn.Embedding(2, width)
            self.norm = nn.LayerNorm(width, eps=1e-12)
            layer = nn.TransformerEncoderLayer(
                width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True
            )
            self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
            self.head = nn.Linear(width, vocabulary)

        def forward(self, tokens, kinds):
            places = torch.arange(tokens.size(1))
            x = self.norm(self.words(tokens) + self.places(places) + self.kinds(kinds))
            return self.head(self.encoder(x, src_key_padding_mask=tokens == 0))

    return Bert()


def adaptive(torch):
    """As many layers as the input asks for: a graph that is another one each time."""
    nn = torch.nn

    class Adaptive(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(6, 8)
            self.again = nn.Linear(8, 8)
            self.last = nn.Linear(8, 1)

        def forward(self, x):
            h = torch.tanh(self.first(x))
            for _ in range(1 + int(x.abs().sum().item()) % 4):
                h = torch.tanh(self.again(h)) + 0.5 * h
            return self.last(h)

    return Adaptive()


def policy(torch):
    nn = torch.nn
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), nn.LogSoftmax(dim=-1))
