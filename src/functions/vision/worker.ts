// The vision Worker: the vision tower of the deployed pack, served as an Open Inference Protocol v2 model.
import { modelWorker } from "../oip/router.ts";

export default modelWorker("vision");
