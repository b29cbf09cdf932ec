// A small service that counts with prom-client by way of express-prom-bundle, as they come.
import express from "express";
import bundle from "express-prom-bundle";

const failEvery = Number(process.env.FAIL_EVERY ?? 0);
let asked = 0;
const answer = (good) => (_request, response) => {
  asked += 1;
  response.status(failEvery > 0 && asked % failEvery === 0 ? 500 : good).end();
};

const app = express();
app.use(
  bundle({
    includeMethod: true,
    includePath: true,
    normalizePath: [["^/items/.*", "/items/#id"]],
    promClient: { collectDefaultMetrics: {} },
  }),
);
app.get("/items/:id", answer(200));
app.post("/items", answer(201));
app.listen(Number(process.env.PORT), "127.0.0.1");
