"""Writes graphs.safetensors: random ONNX graphs over all operators that are read, with an input and onnxruntime's output of each.

    python make_graphs.py [--count 500]

Needs numpy, onnx, onnxruntime, safetensors. A tensor `N/model` holds the bytes of a graph, `N/input` and `N/output` its values.
"""

import argparse
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

OPSET = 21


class Graph:
    """A graph that grows by random steps; every tensor has a batch axis of 1."""

    def __init__(self, random, shape):
        self.random, self.nodes, self.constants = random, [], []
        self.shapes = {"x": (1, *shape)}
        self.kinds = set()

    def constant(self, values):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def weights(self, *shape, scale=1.0):
        fan = max(1, int(np.prod(shape[1:])))
        return self.constant((self.random.normal(size=shape) * scale / np.sqrt(fan)).astype(np.float32))

    def add(self, kind, inputs, shape, outputs=1, **attributes):
        names = [f"t{len(self.nodes)}_{number}" for number in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, name=f"n{len(self.nodes)}", **attributes))
        shapes = shape if outputs > 1 else [shape]
        for name, each in zip(names, shapes):
            self.shapes[name] = tuple(int(side) for side in each)
        self.kinds.add(kind)
        return names[0]

    def pick(self, *options):
        return options[self.random.integers(len(options))]

    def any(self, accept=lambda shape: True):
        """One of the tensors, late ones rather than early ones."""
        fitting = [name for name, shape in self.shapes.items() if accept(shape) and np.prod(shape) <= 200]
        if not fitting:
            return None
        at = max(self.random.integers(len(fitting), size=2))
        return fitting[at]

    def step(self):
        kinds = [self.function, self.function, self.pair, self.with_constant, self.dense, self.convolution, self.transposed,
                 self.pool, self.norm, self.reduction, self.view, self.view, self.join, self.product, self.softmax, self.resize, self.border]
        self.pick(*kinds)()

    def function(self):
        x = self.any()
        shape = self.shapes[x]
        kind = self.pick("Relu", "Sigmoid", "Tanh", "Elu", "LeakyRelu", "Softplus", "Softsign", "Erf", "HardSwish", "HardSigmoid", "Gelu",
                         "Selu", "Celu", "ThresholdedRelu", "Mish", "Abs", "Neg", "Sin", "Cos", "Atan", "Identity", "Clip", "Floor", "PRelu", "Swish")
        if kind == "Clip":
            self.add(kind, [x, self.constant(np.float32(-0.7)), self.constant(np.float32(0.9))], shape)
        elif kind == "PRelu":
            channels = shape[1] if len(shape) > 1 else 1
            self.add(kind, [x, self.weights(channels, *[1] * (len(shape) - 2))], shape)
        elif kind == "Swish":
            self.add("Mul", [x, self.add("Sigmoid", [x], shape)], shape)
        else:
            more = {"approximate": self.pick("none", "tanh")} if kind == "Gelu" else {}
            self.add(kind, [x], shape, **more)

    def pair(self):
        x = self.any()
        shape = self.shapes[x]
        # The other has the same shape, or some axes of length 1.
        y = self.any(lambda other: len(other) == len(shape) and all(b in (1, a) for a, b in zip(shape, other)))
        kind = self.pick("Add", "Sub", "Mul", "Max", "Min", "Sum", "Div", "Mean")
        if kind == "Div":
            y = self.add("Softplus", [y], self.shapes[y])
            y = self.add("Add", [y, self.constant(np.float32(0.5))], self.shapes[y])
        self.add(kind, [x, y] if self.random.random() < 0.8 or kind in ("Sub", "Div") else [y, x], shape)

    def with_constant(self):
        x = self.any()
        shape = self.shapes[x]
        sides = [side if self.random.random() < 0.5 else 1 for side in shape]
        c = self.constant(self.random.normal(size=sides[self.random.integers(len(sides)):]).astype(np.float32))
        kind = self.pick("Add", "Sub", "Mul", "Max", "Min", "Where", "Sub from")
        if kind == "Where":
            condition = self.constant(self.random.random(sides) < 0.5)
            self.add(kind, self.pick([condition, x, c], [condition, c, x]), shape)
        elif kind == "Sub from":
            self.add("Sub", [c, x], shape)
        else:
            self.add(kind, [x, c], shape)

    def dense(self):
        x = self.any(lambda shape: len(shape) >= 2)
        shape = self.shapes[x]
        width = int(self.random.integers(1, 7))
        if len(shape) == 2 and self.random.random() < 0.5:
            turned = bool(self.random.integers(2))
            weights = self.weights(width, shape[-1]) if turned else self.weights(shape[-1], width)
            self.add("Gemm", [x, weights, self.weights(width)], (1, width), transB=int(turned), alpha=float(self.pick(1.0, 0.7)))
        elif self.random.random() < 0.8:
            self.add("MatMul", [x, self.weights(shape[-1], width)], (*shape[:-1], width))
        elif len(shape) > 2:
            self.add("MatMul", [self.weights(width, shape[-2]), x], (*shape[:-2], width, shape[-1]))

    def convolution(self):
        x = self.any(lambda shape: 3 <= len(shape) <= 5)
        if x is None:
            return
        _, channels, *sides = self.shapes[x]
        groups = self.pick(1, 1, channels)
        out = groups * int(self.random.integers(1, 4)) if groups == 1 or groups <= 4 else channels
        kernel = [int(self.random.integers(1, min(3, side) + 1)) for side in sides]
        strides = [int(self.random.integers(1, 3)) for _ in sides]
        pads = [int(self.random.integers(0, k)) for k in kernel] + [int(self.random.integers(0, k)) for k in kernel]
        out_sides = [(side + pads[i] + pads[i + len(sides)] - kernel[i]) // strides[i] + 1 for i, side in enumerate(sides)]
        inputs = [x, self.weights(out, channels // groups, *kernel)] + ([self.weights(out)] if self.random.random() < 0.6 else [])
        self.add("Conv", inputs, (1, out, *out_sides), kernel_shape=kernel, strides=strides, pads=pads, group=groups)

    def transposed(self):
        x = self.any(lambda shape: 3 <= len(shape) <= 4 and np.prod(shape) < 100)
        if x is None:
            return
        _, channels, *sides = self.shapes[x]
        kernel, strides = [2] * len(sides), [int(self.random.integers(1, 3)) for _ in sides]
        out = int(self.random.integers(1, 4))
        out_sides = [(side - 1) * strides[i] + 2 for i, side in enumerate(sides)]
        self.add("ConvTranspose", [x, self.weights(channels, out, *kernel), self.weights(out)], (1, out, *out_sides),
                 kernel_shape=kernel, strides=strides)

    def pool(self):
        x = self.any(lambda shape: 3 <= len(shape) <= 5)
        if x is None:
            return
        _, channels, *sides = self.shapes[x]
        kind = self.pick("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LpPool")
        if kind == "LpPool":
            return
        if kind.startswith("Global"):
            self.add(kind, [x], (1, channels, *[1] * len(sides)))
            return
        kernel = [int(self.random.integers(1, min(3, side) + 1)) for side in sides]
        strides = [int(self.random.integers(1, 3)) for _ in sides]
        more = {"count_include_pad": self.pick(0, 1)} if kind == "AveragePool" else {}
        # Over three axes a border has to count.
        borders = len(sides) < 3 or more.get("count_include_pad") == 1
        pads = [int(self.random.integers(0, k)) if borders else 0 for k in kernel] * 2
        out_sides = [(side + 2 * pads[i] - kernel[i]) // strides[i] + 1 for i, side in enumerate(sides)]
        self.add(kind, [x], (1, channels, *out_sides), kernel_shape=kernel, strides=strides, pads=pads, **more)

    def norm(self):
        kind = self.pick("BatchNormalization", "InstanceNormalization", "LayerNormalization", "GroupNormalization", "LRN", "RMS")
        x = self.any(lambda shape: len(shape) >= (3 if kind in ("InstanceNormalization", "LRN", "GroupNormalization") else 2))
        if x is None:
            return
        shape = self.shapes[x]
        channels = shape[1]
        ones = lambda count: self.constant((1 + 0.3 * self.random.normal(size=count)).astype(np.float32))
        if kind == "BatchNormalization":
            variance = self.constant(self.random.uniform(0.5, 1.5, channels).astype(np.float32))
            self.add(kind, [x, ones(channels), self.weights(channels), self.weights(channels), variance], shape)
        elif kind == "InstanceNormalization":
            if np.prod(shape[2:]) > 1:
                self.add(kind, [x, ones(channels), self.weights(channels)], shape, epsilon=0.1)
        elif kind == "LayerNormalization":
            if shape[-1] > 1:
                self.add(kind, [x, ones(shape[-1]), self.weights(shape[-1])], shape, epsilon=0.1)
        elif kind == "GroupNormalization":
            groups = self.pick(*[g for g in (1, 2, channels) if channels % g == 0])
            if np.prod(shape[1:]) // groups > 1:
                self.add(kind, [x, ones(channels), self.weights(channels)], shape, num_groups=int(groups), epsilon=0.1)
        elif kind == "LRN":
            if len(shape) == 4:
                self.add(kind, [x], shape, size=self.pick(1, 3), alpha=0.3, beta=0.75, bias=1.0)
        else:
            square = self.add("Mul", [x, x], shape)
            mean = self.add("ReduceMean", [square, self.constant(np.array([-1]))], (*shape[:-1], 1))
            root = self.add("Sqrt", [self.add("Add", [mean, self.constant(np.float32(0.1))], (*shape[:-1], 1))], (*shape[:-1], 1))
            self.add("Div", [x, root], shape)

    def reduction(self):
        x = self.any(lambda shape: len(shape) >= 2)
        shape = self.shapes[x]
        axes = sorted(set(int(axis) for axis in self.random.integers(1, len(shape), size=2)))
        keep = int(self.random.integers(2))
        left = [1 if axis in axes else side for axis, side in enumerate(shape)] if keep else [side for axis, side in enumerate(shape) if axis not in axes]
        if len(left) < 2:
            return
        self.add(self.pick("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"), [x, self.constant(np.array(axes))], left, keepdims=keep)

    def view(self):
        x = self.any(lambda shape: len(shape) >= 2)
        shape = self.shapes[x]
        rank = len(shape)
        axis = int(self.random.integers(1, rank))
        kind = self.pick("Transpose", "Reshape", "Flatten", "Slice", "Gather", "Tile", "Split", "Unsqueeze", "DepthToSpace", "SpaceToDepth", "Expand")
        if kind == "Transpose" and rank > 2:
            order = [0, *(1 + self.random.permutation(rank - 1)).tolist()]
            self.add(kind, [x], [shape[i] for i in order], perm=order)
        elif kind == "Reshape":
            size = int(np.prod(shape))
            divisors = [d for d in range(1, size + 1) if size % d == 0]
            first = self.pick(*divisors)
            self.add(kind, [x, self.constant(np.array([1, first, -1]))], (1, first, size // first))
        elif kind == "Flatten":
            self.add(kind, [x], (1, int(np.prod(shape))))
        elif kind == "Slice" and shape[axis] > 1:
            start, step = int(self.random.integers(0, shape[axis] - 1)), self.pick(1, 1, 2, -1)
            if step < 0:
                self.add(kind, [x, *[self.constant(np.array([v])) for v in (-1, -shape[axis] - 1, axis, -1)]], shape)
            else:
                sides = [len(range(start, side, step)) if i == axis else side for i, side in enumerate(shape)]
                self.add(kind, [x, *[self.constant(np.array([v])) for v in (start, 2**31 - 1, axis, step)]], sides)
        elif kind == "Gather":
            indices = self.random.integers(-shape[axis], shape[axis], size=int(self.random.integers(1, 5)))
            self.add(kind, [x, self.constant(indices)], [len(indices) if i == axis else side for i, side in enumerate(shape)], axis=axis)
        elif kind == "Tile" and np.prod(shape) < 60:
            repeats = [2 if i == axis else 1 for i in range(rank)]
            self.add(kind, [x, self.constant(np.array(repeats))], [a * b for a, b in zip(shape, repeats)])
        elif kind == "Expand" and shape[axis] == 1:
            sides = [3 if i == axis else side for i, side in enumerate(shape)]
            self.add(kind, [x, self.constant(np.array(sides))], sides)
        elif kind == "Split" and shape[axis] > 1:
            first = int(self.random.integers(1, shape[axis]))
            halves = [[part if i == axis else side for i, side in enumerate(shape)] for part in (first, shape[axis] - first)]
            self.add(kind, [x, self.constant(np.array([first, shape[axis] - first]))], halves, outputs=2, axis=axis)
        elif kind == "Unsqueeze" and rank < 5:
            self.add(kind, [x, self.constant(np.array([axis]))], (*shape[:axis], 1, *shape[axis:]))
        elif kind == "DepthToSpace" and rank == 4 and shape[1] % 4 == 0:
            self.add(kind, [x], (1, shape[1] // 4, 2 * shape[2], 2 * shape[3]), blocksize=2, mode=self.pick("DCR", "CRD"))
        elif kind == "SpaceToDepth" and rank == 4 and shape[2] % 2 == 0 and shape[3] % 2 == 0:
            self.add(kind, [x], (1, 4 * shape[1], shape[2] // 2, shape[3] // 2), blocksize=2)

    def join(self):
        x = self.any(lambda shape: len(shape) >= 2)
        shape = self.shapes[x]
        axis = int(self.random.integers(1, len(shape)))
        y = self.any(lambda other: len(other) == len(shape) and all(a == b for i, (a, b) in enumerate(zip(shape, other)) if i != axis))
        sides = [side + self.shapes[y][axis] if i == axis else side for i, side in enumerate(shape)]
        if np.prod(sides) <= 200:
            self.add("Concat", [x, y], sides, axis=axis)

    def product(self):
        x = self.any(lambda shape: len(shape) >= 3)
        if x is None:
            return
        shape = self.shapes[x]
        turned = (*shape[:-2], shape[-1], shape[-2])
        order = [*range(len(shape) - 2), len(shape) - 1, len(shape) - 2]
        y = self.any(lambda other: len(other) == len(shape) and other[:-2] == shape[:-2] and other[-1] == shape[-1])
        turned = (*shape[:-2], shape[-1], self.shapes[y][-2])
        z = self.add("Transpose", [y], turned, perm=order)
        scores = (*shape[:-1], self.shapes[y][-2])
        if np.prod(scores) > 200:
            return
        if len(shape) == 3 and self.random.random() < 0.3:
            self.add("Einsum", [x, y], scores, equation="bik,bjk->bij")
        else:
            self.add("MatMul", [x, z], scores)

    def softmax(self):
        x = self.any(lambda shape: len(shape) >= 2)
        axis = int(self.random.integers(1, len(self.shapes[x])))
        if self.shapes[x][axis] > 1:
            self.add("Softmax", [x], self.shapes[x], axis=axis)

    def resize(self):
        x = self.any(lambda shape: len(shape) == 4 and np.prod(shape) < 60)
        if x is None:
            return
        shape = self.shapes[x]
        sides = (1, shape[1], shape[2] + int(self.random.integers(0, 3)), shape[3] + int(self.random.integers(0, 3)))
        mode = self.pick("nearest", "linear")
        more = {"nearest_mode": "floor"} if mode == "nearest" else {}
        way = self.pick("half_pixel", "asymmetric", "align_corners")
        self.add("Resize", [x, "", "", self.constant(np.array(sides))], sides, mode=mode, coordinate_transformation_mode=way, **more)

    def border(self):
        x = self.any(lambda shape: len(shape) >= 3 and np.prod(shape) < 80)
        if x is None:
            return
        shape = self.shapes[x]
        mode = self.pick("constant", "reflect", "edge", "wrap")
        before = [0, 0] + [int(self.random.integers(0, 2)) if side > 1 else 0 for side in shape[2:]]
        after = [0, 0] + [int(self.random.integers(0, 2)) if side > 1 else 0 for side in shape[2:]]
        inputs = [x, self.constant(np.array(before + after))] + ([self.constant(np.float32(self.pick(0.0, 0.4)))] if mode == "constant" else [])
        self.add("Pad", inputs, [a + b + c for a, b, c in zip(shape, before, after)], mode=mode)

    def finish(self):
        """The bytes of the model: the last tensor, and one before it, through a dense layer to three outputs."""
        names = list(self.shapes)
        flat = []
        for name in dict.fromkeys([names[-1], self.any()]):
            flat.append((self.add("Flatten", [name], (1, int(np.prod(self.shapes[name])))), int(np.prod(self.shapes[name]))))
        name, size = flat[0]
        if len(flat) > 1:
            size = flat[0][1] + flat[1][1]
            name = self.add("Concat", [each for each, _ in flat], (1, size), axis=1)
        self.add("Gemm", [name, self.weights(3, size), self.weights(3)], (1, 3), transB=1)
        value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        # What the output does not depend on is left out, as exporters do it.
        needed, kept = {self.nodes[-1].output[0]}, []
        for node in reversed(self.nodes):
            if needed & set(node.output):
                kept.append(node)
                needed |= set(node.input)
        constants = [each for each in self.constants if each.name in needed]
        graph = helper.make_graph(kept[::-1], "random", [value("x", self.shapes["x"])], [value(self.nodes[-1].output[0], (1, 3))], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = 10
        self.kinds = {node.op_type for node in kept}
        return model, "x" in needed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    arguments = parser.parse_args()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    tensors, kinds, seed = {}, {}, 0
    while len(tensors) < 3 * arguments.count:
        seed += 1
        random = np.random.default_rng(seed)
        shape = [(int(random.integers(2, 9)),), (int(random.integers(1, 5)), int(random.integers(3, 8))),
                 (int(random.integers(1, 4)), 4, int(random.integers(3, 6))), (4, 4, 4), (2, 2, 3, 4)][random.integers(5)]
        graph = Graph(random, shape)
        wanted = int(random.integers(3, 14))
        while len(graph.nodes) < wanted:
            graph.step()
        model, depends = graph.finish()
        values = random.normal(size=(1, *shape)).astype(np.float32)
        if not depends:
            continue
        onnx.checker.check_model(model, full_check=True)
        output = onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {"x": values})[0]
        if not np.isfinite(output).all() or np.abs(output).max() > 1e3:
            continue
        number = f"{len(tensors) // 3:03}"
        tensors[f"{number}/model"] = np.frombuffer(model.SerializeToString(), dtype=np.uint8)
        tensors[f"{number}/input"], tensors[f"{number}/output"] = values, output
        for kind in graph.kinds:
            kinds[kind] = kinds.get(kind, 0) + 1
    save_file(tensors, pathlib.Path(__file__).with_name("graphs.safetensors"))
    print(f"{len(tensors) // 3} graphs, {len(kinds)} operators:", ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))


main()
