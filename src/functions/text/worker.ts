// The text Worker: the text tower of the deployed pack, served as an Open Inference Protocol v2 model.
import { modelWorker } from "../oip/router.ts";

export default modelWorker("text");
