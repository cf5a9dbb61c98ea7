// The api Worker's entry: the app over what was staged for this deployment.
import { deployment } from "../../../.edgeclip/deployment/deployment.ts";
import { createApp } from "./app.ts";

export default createApp(deployment);
