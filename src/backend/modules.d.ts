// The types of what only src/backend/node_modules holds, so that the project checks before that is installed.
declare module "onnxruntime-node" {
  // The same onnxruntime-common that both packages give out.
  export { InferenceSession, Tensor } from "onnxruntime-web";
}
