// A small service that counts with client_golang's own middleware, as its examples/middleware does.
package main

import (
	"net/http"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
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

	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	factory := promauto.With(registry)
	labels := []string{"handler", "method", "code"}
	requests := factory.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total", Help: "Tracks the number of HTTP requests."}, labels)
	duration := factory.NewHistogramVec(prometheus.HistogramOpts{
		Name: "http_request_duration_seconds", Help: "Tracks the latencies for HTTP requests.", Buckets: prometheus.DefBuckets,
	}, labels)
	mux := http.NewServeMux()
	handle := func(method, route string, good int) {
		handler := prometheus.Labels{"handler": route}
		counted := promhttp.InstrumentHandlerCounter(requests.MustCurryWith(handler), answer(good))
		mux.Handle(method+" "+route, promhttp.InstrumentHandlerDuration(duration.MustCurryWith(handler), counted))
	}
	handle("GET", "/items/{id}", http.StatusOK)
	handle("POST", "/items", http.StatusCreated)
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	panic(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), mux))
}
