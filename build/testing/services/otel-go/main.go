// A small service that counts with otelhttp and OpenTelemetry's Prometheus exporter, both as they come.
package main

import (
	"net/http"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
)

func main() {
	failEvery, _ := strconv.ParseInt(os.Getenv("FAIL_EVERY"), 10, 64)
	var asked atomic.Int64
	answer := func(good int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			status := good
			if failEvery > 0 && asked.Add(1)%failEvery == 0 {
				status = http.StatusInternalServerError
			}
			w.WriteHeader(status)
		}
	}

	exporter, err := prometheus.New()
	if err != nil {
		panic(err)
	}
	otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(exporter)))

	items := http.NewServeMux()
	items.Handle("GET /items/{id}", answer(http.StatusOK))
	items.Handle("POST /items", answer(http.StatusCreated))
	mux := http.NewServeMux()
	mux.Handle("/", otelhttp.NewHandler(items, "items"))
	mux.Handle("/metrics", promhttp.Handler())
	panic(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), mux))
}
