"""Small ONNX files with one fault each. usage: faulty_models.py FOLDER"""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F = TensorProto.FLOAT


def save(name, inputs, values, output_type=F, output_shape=(1, 21, 6)):
    """The output is a constant plus 0 x the sum of the picture, so that the picture matters to the graph."""
    constant = numpy_helper.from_array(np.asarray(values), "constant")
    zero = numpy_helper.from_array(np.zeros((), np.float32), "zero")
    nodes = [
        helper.make_node("Cast", [inputs[0].name], ["picture"], to=F),
        helper.make_node("ReduceSum", ["picture"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        helper.make_node("Cast", ["nothing"], ["typed"], to=output_type),
        helper.make_node("Add", ["constant", "typed"], ["output"]),
    ]
    output = helper.make_tensor_value_info("output", output_type, output_shape)
    graph = helper.make_graph(nodes, name, inputs, [output], [constant, zero])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, f"{sys.argv[1]}/{name}.onnx")


def picture(shape=(1, 3, 32, 32), element=F, name="images"):
    return helper.make_tensor_value_info(name, element, shape)


sound = np.zeros((1, 21, 6), np.float32)
sound[0, 3] = (0.5, 0.5, 0, 0, 0.9, 0.9)
save("sound", [picture()], sound)
save("bytes", [picture(element=TensorProto.UINT8)], sound)
wild = sound.copy()
wild[0, 4:10, :4], wild[0, 4:10, 4:] = np.nan, 0.9
wild[0, 10, 4], wild[0, 11, 4] = np.inf, np.nan
save("nan", [picture()], wild)
save("rows", [picture()], np.zeros((1, 20, 6), np.float32), output_shape=(1, 20, 6))
save("batch", [picture((10, 3, 32, 32))], sound)
save("gray", [picture((1, 1, 32, 32))], sound)
save("flat", [picture((1, 3072))], sound)
save("half", [picture(element=TensorProto.FLOAT16)], sound)
save("double", [picture()], sound.astype(np.float64), TensorProto.DOUBLE)
save("two", [picture(), picture(name="other")], sound)
