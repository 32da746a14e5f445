"""Max pooling with indices and its inverse, exported as ONNX MaxPool with two outputs and MaxUnpool.

PyTorch has no export of max_unpool2d; a pair of functions with symbolics of their own is what users write.
"""

import torch
import torch.nn.functional as F


class _Pool(torch.autograd.Function):
    @staticmethod
    def forward(context, x, kernel, stride):
        pooled, indices = F.max_pool2d(x, kernel, stride, return_indices=True)
        context.save_for_backward(indices)
        context.size = x.shape
        context.mark_non_differentiable(indices)
        return pooled, indices

    @staticmethod
    def backward(context, gradient, _):
        (indices,) = context.saved_tensors
        result = gradient.new_zeros(context.size).flatten(2)
        return result.scatter_add_(2, indices.flatten(2), gradient.flatten(2)).view(context.size), None, None

    @staticmethod
    def symbolic(graph, x, kernel, stride):
        return graph.op(
            "MaxPool", x, kernel_shape_i=[kernel, kernel], strides_i=[stride, stride], pads_i=[0, 0, 0, 0], outputs=2
        )


class _Unpool(torch.autograd.Function):
    @staticmethod
    def forward(context, x, indices, size, kernel, stride):
        context.save_for_backward(indices)
        height, width = int(size[2]), int(size[3])
        result = x.new_zeros(x.shape[0], x.shape[1], height * width)
        return result.scatter_(2, indices.flatten(2), x.flatten(2)).view(x.shape[0], x.shape[1], height, width)

    @staticmethod
    def backward(context, gradient):
        (indices,) = context.saved_tensors
        return gradient.flatten(2).gather(2, indices.flatten(2)).view(indices.shape), None, None, None, None

    @staticmethod
    def symbolic(graph, x, indices, size, kernel, stride):
        return graph.op(
            "MaxUnpool", x, indices, size, kernel_shape_i=[kernel, kernel], strides_i=[stride, stride]
        )


def pool(x, kernel=2, stride=2):
    return _Pool.apply(x, kernel, stride)


def unpool(x, indices, like, kernel=2, stride=2):
    """`x` put back to where the maxima of a tensor of the height and width of `like` were."""
    size = torch._shape_as_tensor(like)
    size = torch.cat([torch._shape_as_tensor(x)[:2], size[2:]])
    return _Unpool.apply(x, indices, size, kernel, stride)
