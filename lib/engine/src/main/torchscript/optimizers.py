# Updates of trained weights. Gradients are divided by s[0] (clipping) before anything else.
class Optimizers(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def adamw_8bit(self: __torch__.optimizers.Optimizers, p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], mm: List[Tensor], vm: List[Tensor], maps: List[Tensor], s: Tensor) -> Tensor:
    # Adam with decoupled weight decay: every array flat; moments m, v in 8 bits with the absmax mm, vm of their blocks.
    # maps: levels, cells and edges of the first moment, the same of the second. s (9) float64: divisor, learning rate,
    # beta 1, beta 2, weight decay, epsilon, the bias corrections 1 - beta1^t and sqrt(1 - beta2^t), block.
    settings = annotate(List[float], s.tolist())
    block = int(settings[8])
    step = 131072  # what stays in a core's cache with its scratch memory
    for i in range(len(p)):
      n = p[i].size(0)
      whole = n - n % block
      a = 0
      while a < n:
        if a < whole:
          k = min(step, whole - a)
          rows = k // block
        else:
          k = n - whole
          rows = 1
        b = a // block
        _0 = self.piece(torch.view(p[i][a:a + k], [rows, -1]), torch.view(g[i][a:a + k], [rows, -1]), torch.view(m[i][a:a + k], [rows, -1]), torch.view(v[i][a:a + k], [rows, -1]), mm[i][b:b + rows], vm[i][b:b + rows], maps, settings)
        a = a + k
    return s

  def piece(self: __torch__.optimizers.Optimizers, p: Tensor, g: Tensor, m: Tensor, v: Tensor, mm: Tensor, vm: Tensor, maps: List[Tensor], s: List[float]) -> Tensor:
    # Some blocks, a row each.
    grad = torch.div(g, s[0])
    first = torch.add_(torch.mul_(self.dequantized(m, mm, maps[0]), s[2]), grad, alpha=1.0 - s[2])
    second = torch.addcmul_(torch.mul_(self.dequantized(v, vm, maps[3]), s[3]), grad, grad, value=1.0 - s[3])
    denominator = torch.add_(torch.div_(torch.sqrt(second), s[7]), s[5])
    if s[4] > 0.0:
      _0 = torch.mul_(p, 1.0 - s[1] * s[4])
    _1 = torch.addcdiv_(p, first, denominator, value=-s[1] / s[6])
    _2 = self.quantize(first, m, mm, maps[1], maps[2])
    return self.quantize(second, v, vm, maps[4], maps[5])

  def dequantized(self: __torch__.optimizers.Optimizers, codes: Tensor, absmax: Tensor, levels: Tensor) -> Tensor:
    values = torch.index_select(levels, 0, torch.to(torch.flatten(codes), 3))
    return torch.mul_(torch.view(values, [absmax.size(0), -1]), torch.unsqueeze(absmax, 1))

  def quantize(self: __torch__.optimizers.Optimizers, x: Tensor, codes: Tensor, absmax: Tensor, cells: Tensor, edges: Tensor) -> Tensor:
    # x is overwritten. The upper 16 bits of a float32 are the number of its cell; a cell holds one threshold at most:
    # cells (65536) uint8 has the code below it, edges (65536) the largest value of that code.
    top = torch.amax(torch.abs(x), [1])
    top = torch.masked_fill_(top, torch.eq(top, 0.0), 1.0)
    scaled = torch.flatten(torch.div_(x, torch.unsqueeze(top, 1)))
    cell = torch.bitwise_and(torch.bitwise_right_shift(torch.view_copy(scaled, dtype=3), 16), 65535)
    code = torch.add(torch.index_select(cells, 0, cell), torch.gt(scaled, torch.index_select(edges, 0, cell)))
    _0 = torch.copy_(absmax, top)
    return torch.copy_(codes, torch.view(code, [codes.size(0), codes.size(1)]))

  def sgd(self: __torch__.optimizers.Optimizers, p: List[Tensor], g: List[Tensor], s: Tensor) -> Tensor:
    # s (3) float64: divisor, learning rate, weight decay. The gradients are changed.
    settings = annotate(List[float], s.tolist())
    torch._foreach_div_(g, settings[0])
    if settings[2] > 0.0:
      torch._foreach_add_(g, p, alpha=settings[2])
    torch._foreach_add_(p, g, alpha=-settings[1])
    return s

  def lion(self: __torch__.optimizers.Optimizers, p: List[Tensor], g: List[Tensor], m: List[Tensor], s: Tensor) -> Tensor:
    # s (5) float64: divisor, learning rate, beta 1, beta 2, weight decay. The gradients are changed.
    settings = annotate(List[float], s.tolist())
    torch._foreach_div_(g, settings[0])
    if settings[4] > 0.0:
      torch._foreach_mul_(p, 1.0 - settings[1] * settings[4])
    for i in range(len(p)):
      # In pieces, as the direction needs memory of its own.
      n = p[i].size(0)
      a = 0
      while a < n:
        b = min(n, a + 1048576)
        direction = torch.sign_(torch.add_(torch.mul(m[i][a:b], settings[2]), g[i][a:b], alpha=1.0 - settings[2]))
        _0 = torch.add_(p[i][a:b], direction, alpha=-settings[1])
        _1 = torch.add_(torch.mul_(m[i][a:b], settings[3]), g[i][a:b], alpha=1.0 - settings[3])
        a = b
    return s

  def adafactor(self: __torch__.optimizers.Optimizers, p: List[Tensor], g: List[Tensor], rows: List[Tensor], columns: List[Tensor], s: Tensor) -> Tensor:
    # Matrices (O, I) with the mean squares of their rows (O) and columns (I); or flat arrays (O), each a row by itself,
    # with columns empty. s (4) float64: divisor, learning rate, weight decay, decay of the squares 1 - t^-0.8.
    settings = annotate(List[float], s.tolist())
    decay = settings[3]
    for i in range(len(p)):
      grad = torch.div_(g[i], settings[0])
      squares = torch.add_(torch.mul(grad, grad), 1e-30)
      if columns[i].size(0) > 0:
        r = torch.add_(torch.mul_(rows[i], decay), torch.mean(squares, [1]), alpha=1.0 - decay)
        c = torch.add_(torch.mul_(columns[i], decay), torch.mean(squares, [0]), alpha=1.0 - decay)
        update = torch.mul(torch.unsqueeze(torch.rsqrt(torch.div(r, torch.mean(r))), 1), torch.rsqrt(c), out=squares)
      else:
        r = torch.add_(torch.mul_(rows[i], decay), squares, alpha=1.0 - decay)
        update = torch.rsqrt(r)
      update = torch.mul_(update, grad)
      rms = float(torch.linalg_vector_norm(update, 2)) / float(update.numel()) ** 0.5
      if settings[2] > 0.0:
        _0 = torch.mul_(p[i], 1.0 - settings[1] * settings[2])
      _1 = torch.sub_(p[i], update, alpha=settings[1] / max(1.0, rms))
    return s
