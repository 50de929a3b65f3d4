"""ONNX: the network in one file that runs without Python, with its description in the metadata."""

from core.errors import ExportError
from core.export.description import Description
from core.export.network import INPUT, OUTPUT, Exported, Pixels, Predictor, Probabilities

KEY = "anneal"
"""Key of the description among the file's metadata."""

LARGEST = 2**31 - 2**20
"""Bytes; protobuf cannot hold more in one message."""


class OnnxFile:
    """The file of a network: `pixels` uint8 (batch, size, size, 3) to `probabilities` float32 (batch, classes)."""

    def __init__(self, exported: Exported) -> None:
        import torch

        program = torch.onnx.export(exported.program, dynamo=True, verbose=False, optimize=True)
        assert program is not None
        self._proto = program.model_proto
        self._name_ends()

    def _name_ends(self) -> None:
        """Call input, output and the number of images by names that a person understands."""
        graph = self._proto.graph
        renamed = {graph.input[0].name: INPUT, graph.output[0].name: OUTPUT}
        free = graph.input[0].type.tensor_type.shape.dim[0].dim_param
        for node in graph.node:
            node.input[:] = [renamed.get(name, name) for name in node.input]
            node.output[:] = [renamed.get(name, name) for name in node.output]
        for value in (*graph.input, *graph.output, *graph.value_info):
            value.name = renamed.get(value.name, value.name)
            for dimension in value.type.tensor_type.shape.dim:
                if free and dimension.dim_param == free:
                    dimension.dim_param = "batch"

    @staticmethod
    def completed(description: Description) -> Description:
        """As it is."""
        return description

    def content(self, description: Description) -> bytes:
        """The file; raises `ExportError` for a network that is too large for one."""
        from onnx.helper import set_model_props

        if self._proto.ByteSize() > LARGEST:
            raise ExportError("This network is larger than an ONNX file can be (2 GB). Export it as safetensors.")
        set_model_props(self._proto, {KEY: description.text()})
        self._proto.doc_string = (
            f"RGB pixels 0..255 of {description.preprocessing.size} px in, probabilities of "
            f"{len(description.classes)} classes out. Their names, and how a picture becomes pixels, are JSON in the "
            f"metadata under {KEY}."
        )
        found: bytes = self._proto.SerializeToString()
        return found

    @staticmethod
    def opened(content: bytes, description: Description) -> Predictor:
        """The file, read by onnxruntime."""
        import onnxruntime

        settings = onnxruntime.SessionOptions()
        settings.log_severity_level = 3
        session = onnxruntime.InferenceSession(content, settings, providers=["CPUExecutionProvider"])

        def predict(pixels: Pixels) -> Probabilities:
            found: Probabilities = session.run([OUTPUT], {INPUT: pixels})[0]
            return found

        return predict
