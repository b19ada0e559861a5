package main

// row is a line of the table.
type row struct {
	title     string
	versus    string // the baseline
	benchmark string
	unit      string  // of the displayed value
	twinUnit  string  // of the baseline's cost
	limit     float64 // or noLimit
}

const noLimit = -1

const (
	raw   = "net/http, encoding/json"
	proxy = "httputil.ReverseProxy"
	plain = "15-line handler"
)

var rows = []row{
	{"call in memory", raw, "CallInMemory/agento", "x", "twin-µs/call", 1.10},
	{"call over loopback", raw, "CallLoopback/agento", "x", "twin-µs/call", 1.03},
	{"list of 100 agents", raw, "List100/agento", "x", "twin-µs/call", 1.00},
	{"event by All", raw, "Stream/All", "x", "twin-µs/event", 0.35},
	{"event by Events", raw, "Stream/Events", "x", "twin-µs/event", 0.42},
	{"first token of a chat", raw, "FirstToken/agento", "x", "twin-µs/chat", 1.03},
	{"1,000 concurrent streams", raw, "ConcurrentStreams/agento", "x", "twin-µs/stream", 1.03},
	{"memory of an idle stream", raw, "IdleStream/agento", "x", "twin-KiB/stream", 1.00},
	{"call through a wrapped transport", "the same without", "WrappedTransport/agento", "x", "twin-µs/call", 1.02},
	{"call in memory, drift reported", "an observer without drift", "Drift/agento", "x", "twin-µs/call", 1.02},
	{"extra goroutines of a call through a wrapped transport", "", "WrappedTransport/agento", "goroutines", "", 0},
	{"binary", raw, "Binary/agento", "MB", "", 0.66},
	{"relay at full speed, CPU", proxy, "Relay/FullSpeed/proxy", "cpu-x", "twin-cpu-µs/event", noLimit},
	{"relay at full speed, CPU", plain, "Relay/FullSpeed/plain", "cpu-x", "twin-cpu-µs/event", 0.40},
	{"relay of 500 streams, CPU", proxy, "Relay/Paced500/proxy", "cpu-x", "twin-cpu-µs/event", 1.10},
	{"relay of 500 streams, CPU", plain, "Relay/Paced500/plain", "cpu-x", "twin-cpu-µs/event", noLimit},
	{"relay of 500 streams, memory", proxy, "Relay/Paced500/proxy", "peak-x", "twin-peak-MB", 1.12},
	{"relay of 500 streams, memory", plain, "Relay/Paced500/plain", "peak-x", "twin-peak-MB", noLimit},
	{"go-retryablehttp: call in memory", raw, "CallInMemory/retryablehttp", "x", "twin-µs/call", noLimit},
	{"go-retryablehttp: list of 100 agents", raw, "List100/retryablehttp", "x", "twin-µs/call", noLimit},
}
