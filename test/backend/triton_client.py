"""Asks an edgeclip backend with Triton's own client, and prints what came back as JSON.

usage: triton_client.py <host:port> <pack folder> [key]
"""
import json
import sys

import numpy
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException


def main() -> None:
    url, pack, *key = sys.argv[1:]
    with open(f"{pack}/pack.json") as file:
        manifest = json.load(file)
    with open(f"{pack}/canary.json") as file:
        canary = json.load(file)
    size = manifest["image"]["size"]
    client = triton.InferenceServerClient(url)

    def headers():
        # A new one each time: the client leaves the header length of one request in the dictionary for the next.
        return {"authorization": f"Bearer {key[0]}"} if key else {}

    def ask(model, name, array, datatype, binary, **options):
        tensor = triton.InferInput(name, list(array.shape), datatype)
        tensor.set_data_from_numpy(array, binary_data=binary)
        outputs = options.pop("outputs", [triton.InferRequestedOutput("embedding", binary_data=binary)])
        answer = client.infer(model, [tensor], outputs=outputs, headers=headers(), **options)
        return answer, answer.as_numpy("embedding")

    pictures = numpy.random.default_rng(1).integers(0, 256, (3, size, size, 3), dtype=numpy.uint8)
    ids = numpy.array([canary["input_ids"]], dtype=numpy.int32)
    version = manifest["pack"][len("sha256:") :][:8]

    answer, binary = ask("vision", "pixels", pictures, "UINT8", True, request_id="seven")
    found = {
        "id": answer.get_response()["id"],
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model_ready": client.is_model_ready("vision", headers=headers()),
        "version_ready": client.is_model_ready("vision", version, headers=headers()),
        "server": client.get_server_metadata(headers=headers()),
        "metadata": client.get_model_metadata("vision", headers=headers()),
        "shape": list(binary.shape),
        "dtype": str(binary.dtype),
        "norms": numpy.linalg.norm(binary, axis=1).tolist(),
    }

    def cosine(vectors):
        return float((binary * vectors).sum(axis=1).min())

    found["json"] = cosine(ask("vision", "pixels", pictures, "UINT8", False)[1])
    found["no_outputs_named"] = cosine(ask("vision", "pixels", pictures, "UINT8", True, outputs=None)[1])
    found["version"] = cosine(ask("vision", "pixels", pictures, "UINT8", True, model_version=version)[1])
    for packing in ["gzip", "deflate"]:
        found[packing] = cosine(
            ask("vision", "pixels", pictures, "UINT8", True, request_compression_algorithm=packing)[1]
        )
    for binary_text in [True, False]:
        vector = ask("text", "input_ids", ids, "INT32", binary_text)[1][0]
        found[f"text_{'binary' if binary_text else 'json'}"] = float(vector @ numpy.array(canary["text_vector"]))

    waiting = [
        client.async_infer("vision", [tensor], headers=headers())
        for tensor in [triton.InferInput("pixels", [1, size, size, 3], "UINT8") for _ in range(3)]
        for _ in [tensor.set_data_from_numpy(pictures[:1])]
    ]
    found["async"] = [float(each.get_result().as_numpy("embedding")[0] @ binary[0]) for each in waiting]

    try:
        ask("vision", "pixels", pictures[:, :1], "UINT8", True)
    except InferenceServerException as error:
        found["refused"] = {"status": error.status(), "message": error.message()}
    print(json.dumps(found))


main()
