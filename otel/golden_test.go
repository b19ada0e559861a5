package agentootel_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// spans returns all exported spans as a tree of spans, attributes and events. IDs are
// masked. Waits have a random part, so times are truncated to half seconds.
func (w *fixture) spans() string {
	var b strings.Builder
	b.WriteString("\n")
	all := w.exporter.GetSpans()
	slices.SortStableFunc(all, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	w.writeSpans(&b, all, trace.SpanID{}, "")
	return w.masked(b.String())
}

func (w *fixture) writeSpans(b *strings.Builder, all tracetest.SpanStubs, parent trace.SpanID, indent string) {
	for _, s := range all {
		if s.Parent.SpanID() != parent {
			continue
		}
		fmt.Fprintf(b, "%s%s (%s) %s–%s", indent, s.Name, s.SpanKind, w.at(s.StartTime), w.at(s.EndTime))
		if s.Status.Code != codes.Unset {
			fmt.Fprintf(b, " %s %q", s.Status.Code, s.Status.Description)
		}
		fmt.Fprintf(b, "\n%s   %s\n", indent, text(s.Attributes))
		for _, e := range s.Events {
			fmt.Fprintf(b, "%s  * %s %s%s\n", indent, w.at(e.Time), e.Name, text(e.Attributes))
		}
		w.writeSpans(b, all, s.SpanContext.SpanID(), indent+"  ")
	}
}

func (w *fixture) at(t time.Time) string { return t.Sub(w.begun).Truncate(time.Second / 2).String() }

func (w *fixture) masked(s string) string {
	return strings.NewReplacer(w.agent, "AGENT", w.server.URL, "BASE").Replace(s)
}

func text(attrs []attribute.KeyValue) string {
	var parts []string
	for _, a := range attrs {
		value := a.Value.String()
		switch {
		case a.Key == "agento.request_id":
			value = "ID"
		case a.Value.Type() == attribute.FLOAT64:
			value = halfSeconds(a.Value.AsFloat64())
		}
		parts = append(parts, string(a.Key)+"="+value)
	}
	slices.Sort(parts)
	if len(parts) == 0 {
		return ""
	}
	return " {" + strings.Join(parts, " ") + "}"
}

func halfSeconds(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Truncate(time.Second / 2).String()
}

// points returns all data points of all metrics, one per line.
func (w *fixture) points() string {
	var lines []string
	for _, scope := range w.metrics().ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					lines = append(lines, fmt.Sprintf("%s %d×, total %s%s", m.Name, p.Count, halfSeconds(p.Sum), text(p.Attributes.ToSlice())))
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					lines = append(lines, fmt.Sprintf("%s %d%s", m.Name, p.Value, text(p.Attributes.ToSlice())))
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					lines = append(lines, fmt.Sprintf("%s =%d%s", m.Name, p.Value, text(p.Attributes.ToSlice())))
				}
			default:
				lines = append(lines, fmt.Sprintf("%s: %T", m.Name, m.Data))
			}
		}
	}
	slices.Sort(lines)
	return w.masked("\n" + strings.Join(lines, "\n") + "\n")
}
