// Endpoints that tell of the deployment itself, and those of who runs it.
import { ListSchema } from "../../deliveries.ts";
import * as answers from "../deploymentAnswers.ts";
import type { Operation } from "../operation.ts";

export const DEPLOYMENT: Operation[] = [
  {
    method: "get",
    path: "/v1/models",
    id: "models",
    summary: "The model that this deployment answers with, and the big one that escalate may name.",
    answers: { 200: answers.ModelsAnswer },
    errors: [],
  },
  {
    method: "get",
    path: "/v1/labels",
    id: "banks",
    summary: "The label banks.",
    answers: { 200: answers.BanksAnswer },
    errors: [],
  },
  {
    method: "get",
    path: "/v1/labels/{bank}",
    id: "bank",
    summary: "One bank with its labels and templates.",
    answers: { 200: answers.BankAnswer },
    errors: ["bank_not_found"],
  },
  {
    method: "get",
    path: "/v1/policies",
    id: "policies",
    summary: "The moderation policies, with what this model can judge of them.",
    answers: { 200: answers.PoliciesAnswer },
    errors: [],
  },
  {
    method: "get",
    path: "/v1/admin/deliveries",
    id: "deliveries",
    summary: "Outgoing webhooks by state, the dead ones by default.",
    options: ListSchema,
    answers: { 200: answers.DeliveriesAnswer },
    errors: ["invalid_request"],
  },
  {
    method: "post",
    path: "/v1/admin/deliveries/{id}/replay",
    id: "replay",
    summary: "Sends an outgoing webhook again, from the start of its schedule.",
    answers: { 202: answers.ReplayAnswer },
    errors: ["not_found"],
  },
  {
    method: "post",
    path: "/v1/admin/sweep",
    id: "sweep",
    summary: "Puts into the queue again what it may have lost, now and not at the next minute.",
    answers: { 202: answers.SweepAnswer },
    errors: [],
  },
  {
    method: "get",
    path: "/healthz",
    id: "healthz",
    summary: "This Worker runs.",
    answers: { 200: answers.HealthAnswer },
    errors: [],
    open: true,
  },
  {
    method: "get",
    path: "/readyz",
    id: "readyz",
    summary: "Every model reproduces its canary, and pictures can be decoded.",
    answers: { 200: answers.ReadyAnswer },
    errors: ["model_unavailable", "pack_corrupt"],
    open: true,
  },
];
