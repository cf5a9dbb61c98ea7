"""OpenCLIP's ModifiedResNet image tower and causal text tower, under OpenCLIP's names: the state dict is a checkpoint."""
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
HEAD = 64  # width of an attention head


class Bottleneck(nn.Module):
    def __init__(self, inplanes: int, planes: int, stride: int, drop: float) -> None:
        super().__init__()
        out = planes * 4
        self.conv1, self.bn1 = nn.Conv2d(inplanes, planes, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False), nn.BatchNorm2d(planes)
        self.avgpool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3, self.bn3 = nn.Conv2d(planes, out, 1, bias=False), nn.BatchNorm2d(out)
        nn.init.zeros_(self.bn3.weight)  # a block begins as the identity
        self.downsample, self.drop = None, drop
        if stride > 1 or inplanes != out:
            self.downsample = nn.Sequential()
            self.downsample.add_module("-1", nn.AvgPool2d(stride) if stride > 1 else nn.Identity())
            self.downsample.add_module("0", nn.Conv2d(inplanes, out, 1, bias=False))
            self.downsample.add_module("1", nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        y = self.bn3(self.conv3(self.avgpool(y)))
        if self.training and self.drop > 0:  # stochastic depth
            y = y * (torch.rand(len(y), 1, 1, 1, device=y.device) >= self.drop).to(y.dtype) / (1 - self.drop)
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class AttentionPool(nn.Module):
    """The mean asks the positions: one query over the grid."""

    def __init__(self, grid: int, dim: int, out: int) -> None:
        super().__init__()
        self.positional_embedding = nn.Parameter(torch.randn(grid * grid + 1, dim) / dim**0.5)
        self.q_proj, self.k_proj, self.v_proj, self.c_proj = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, out)
        for layer in (self.q_proj, self.k_proj, self.v_proj, self.c_proj):
            nn.init.normal_(layer.weight, std=dim**-0.5), nn.init.zeros_(layer.bias)

    def positions(self, grid: int) -> Tensor:
        """[1 + grid², C], interpolated where a training size is smaller than the model's"""
        all_, full = self.positional_embedding, int((len(self.positional_embedding) - 1) ** 0.5)
        if grid == full:
            return all_
        square = all_[1:].float().T.reshape(1, -1, full, full)
        square = F.interpolate(square, grid, mode="bilinear", antialias=True, align_corners=False)
        return torch.cat([all_[:1], square.flatten(2)[0].T.to(all_.dtype)])

    def forward(self, x: Tensor) -> Tensor:
        n, c, grid, _ = x.shape
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([x.mean(1, keepdim=True), x], 1) + self.positions(grid)
        q, k, v = (t.view(n, -1, c // HEAD, HEAD).transpose(1, 2) for t in (self.q_proj(x[:, :1]), self.k_proj(x), self.v_proj(x)))
        seen = torch.softmax((q @ k.transpose(-1, -2)) * HEAD**-0.5, -1) @ v
        return self.c_proj(seen.transpose(1, 2).reshape(n, c))


class ModifiedResNet(nn.Module):
    def __init__(self, layers: list[int], width: int, out: int, size: int, drop: float = 0.0) -> None:
        super().__init__()
        half = width // 2
        self.conv1, self.bn1 = nn.Conv2d(3, half, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(half)
        self.conv2, self.bn2 = nn.Conv2d(half, half, 3, padding=1, bias=False), nn.BatchNorm2d(half)
        self.conv3, self.bn3 = nn.Conv2d(half, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        inplanes, done, last = width, 0, max(1, sum(layers) - 1)
        for i, count in enumerate(layers):
            blocks = []
            for j in range(count):
                blocks.append(Bottleneck(inplanes, width << i, 2 if i and not j else 1, drop * done / last))
                inplanes, done = (width << i) * 4, done + 1
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
        self.attnpool = AttentionPool(size // 32, width * 32, out)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.avg_pool2d(F.relu(self.bn3(self.conv3(F.relu(self.bn2(self.conv2(x)))))), 2)
        return self.attnpool(self.layer4(self.layer3(self.layer2(self.layer1(x)))))


class CausalAttention(nn.Module):
    """nn.MultiheadAttention's parameters, written out: several times faster for many short texts on a CPU."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.in_proj_weight, self.in_proj_bias = nn.Parameter(torch.empty(3 * width, width)), nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.normal_(self.in_proj_weight, std=width**-0.5)
        nn.init.normal_(self.out_proj.weight, std=width**-0.5 * (2 * depth) ** -0.5), nn.init.zeros_(self.out_proj.bias)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        n, length, width = x.shape
        q, k, v = F.linear(x, self.in_proj_weight, self.in_proj_bias).view(n, length, 3, -1, HEAD).permute(2, 0, 3, 1, 4)
        seen = torch.softmax((q @ k.transpose(-1, -2)) * HEAD**-0.5 + mask, -1) @ v
        return self.out_proj(seen.transpose(1, 2).reshape(n, length, width))


class TextBlock(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.ln_1, self.ln_2, self.attn = nn.LayerNorm(width), nn.LayerNorm(width), CausalAttention(width, depth)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, 4 * width))
        self.mlp.add_module("gelu", nn.GELU())
        self.mlp.add_module("c_proj", nn.Linear(4 * width, width))
        nn.init.normal_(self.mlp.c_fc.weight, std=(2 * width) ** -0.5)
        nn.init.normal_(self.mlp.c_proj.weight, std=width**-0.5 * (2 * depth) ** -0.5)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x), mask)
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList([TextBlock(width, layers) for _ in range(layers)])


class Clip(nn.Module):
    """config: {image_size, layers, width, text_width, text_layers, context, vocab, embed_dim, drop_path}"""

    def __init__(self, config: dict) -> None:
        super().__init__()
        self.config, width = config, config["text_width"]
        self.visual = ModifiedResNet(config["layers"], config["width"], config["embed_dim"], config["image_size"], config["drop_path"])
        self.token_embedding = nn.Embedding(config["vocab"], width)
        self.positional_embedding = nn.Parameter(torch.randn(config["context"], width) * 0.01)
        self.transformer = Transformer(width, config["text_layers"])
        self.ln_final, self.text_projection = nn.LayerNorm(width), nn.Parameter(torch.randn(width, config["embed_dim"]) * width**-0.5)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        nn.init.normal_(self.token_embedding.weight, std=0.02)

    def resize(self, size: int) -> None:
        """the same model for pictures of `size` px: at that size it gave and gives the same vectors"""
        pool = self.visual.attnpool
        pool.positional_embedding = nn.Parameter(pool.positions(size // 32).detach().clone())
        self.config = self.config | {"image_size": size}

    def image(self, x: Tensor) -> Tensor:
        """x normalised [N, 3, S, S] -> unit vectors float32 [N, D]"""
        return F.normalize(self.visual(x).float(), dim=-1)

    def text(self, ids: Tensor) -> Tensor:
        """ids int64 [N, T], the end token the largest -> unit vectors float32 [N, D]"""
        length = ids.shape[1]
        x = self.token_embedding(ids) + self.positional_embedding[:length]
        mask = torch.full((length, length), float("-inf"), device=ids.device, dtype=x.dtype).triu(1)
        for block in self.transformer.resblocks:
            x = block(x, mask)
        x = self.ln_final(x)[torch.arange(len(ids), device=ids.device), ids.argmax(1)]
        return F.normalize((x @ self.text_projection).float(), dim=-1)
