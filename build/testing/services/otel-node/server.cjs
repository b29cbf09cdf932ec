// A small service that counts with OpenTelemetry's SDK for Node, its HTTP and Express instrumentations and its Prometheus exporter, as they come.
const { PrometheusExporter } = require("@opentelemetry/exporter-prometheus");
const { ExpressInstrumentation } = require("@opentelemetry/instrumentation-express");
const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
const { NodeSDK } = require("@opentelemetry/sdk-node");

const port = Number(process.env.PORT);
// The exporter listens on a port of its own.
const metricReader = new PrometheusExporter({ host: "127.0.0.1", port: Number(process.env.METRICS_PORT) });
new NodeSDK({ metricReaders: [metricReader], instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()] }).start();

const express = require("express");
const failEvery = Number(process.env.FAIL_EVERY ?? 0);
let asked = 0;
const answer = (good) => (_request, response) => {
  asked += 1;
  response.status(failEvery > 0 && asked % failEvery === 0 ? 500 : good).end();
};
const app = express();
app.get("/items/:id", answer(200));
app.post("/items", answer(201));
app.listen(port, "127.0.0.1");
