package agentootel

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	genai "go.opentelemetry.io/otel/semconv/v1.41.0" // the last version with the conventions for generative AI
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	agento "github.com/remsyshq/agento-go"
)

// Attributes without a semantic convention. Durations are in seconds.
const (
	keyOperation      = attribute.Key("agento.operation")
	keyRequestID      = attribute.Key("agento.request_id")
	keySwarmID        = attribute.Key("agento.swarm.id")
	keyBulk           = attribute.Key("agento.bulk")
	keyAttempts       = attribute.Key("agento.attempts")
	keyErrorCode      = attribute.Key("agento.error.code")
	keyOutcomeUnknown = attribute.Key("agento.outcome_unknown")
	keyQueueWait      = attribute.Key("agento.queue.wait")
	keyRetryWait      = attribute.Key("agento.retry.wait")
	keyFirstEvent     = attribute.Key("agento.stream.time_to_first_event")
	keyStreamEnd      = attribute.Key("agento.stream.end")
	keyStreamEvents   = attribute.Key("agento.stream.events")
	keyReconnects     = attribute.Key("agento.stream.reconnects")
	keyReconnectTry   = attribute.Key("agento.stream.reconnect.attempt")
	keyReconnectWait  = attribute.Key("agento.stream.reconnect.wait")
	keyGap            = attribute.Key("agento.stream.gap")
	keyDriftKind      = attribute.Key("agento.drift.kind")
	keyDriftField     = attribute.Key("agento.drift.field")
)

// Events of a call span.
const (
	eventQueueWait  = "agento.queue.wait"
	eventRetry      = "agento.retry"
	eventFirstEvent = "agento.stream.first_event"
	eventReconnect  = "agento.stream.reconnect"
	eventResumed    = "agento.stream.resumed"
	eventDrift      = "agento.drift"
)

const chatOperation = "sendMessage"

var chatAttributes = []attribute.KeyValue{
	genai.GenAIOperationNameChat,
	genai.GenAIProviderNameKey.String("agento"),
}

func isChat(info agento.CallInfo) bool { return info.Operation == chatOperation }

// operation returns the name of a call's operation.
func operation(info agento.CallInfo) string {
	switch {
	case info.Operation != "":
		return info.Operation
	case info.Stream:
		return "Client.Stream"
	}
	return "Client.Do"
}

func seconds(key attribute.Key, d time.Duration) attribute.KeyValue {
	return key.Float64(d.Seconds())
}

// method returns the attribute of the HTTP method. The conventions require _OTHER for
// unknown methods, to limit the number of values.
func method(info agento.CallInfo) attribute.KeyValue {
	switch info.Method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT":
		return semconv.HTTPRequestMethodKey.String(info.Method)
	}
	return semconv.HTTPRequestMethodOther
}

// attemptName returns the name of an attempt's span.
func attemptName(info agento.CallInfo) string {
	name := info.Method
	if method(info) == semconv.HTTPRequestMethodOther {
		name = "HTTP"
	}
	if info.Route == "" {
		return name
	}
	return name + " " + info.Route
}

// fullURL returns the attribute of the request URL, without its query.
func fullURL(info agento.CallInfo) attribute.KeyValue {
	path, _, _ := strings.Cut(info.Path, "?")
	return semconv.URLFull(clean(info.BaseURL + path))
}

const maxValue = 500 // bytes

// clean truncates s and replaces invalid UTF-8, which would make an exporter drop the
// whole batch.
func clean(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxValue)], "\uFFFD")
}

// server returns the attributes of the host and the port of a base URL.
func server(baseURL string) []attribute.KeyValue {
	u, err := url.Parse(baseURL)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	port, err := strconv.Atoi(u.Port())
	switch {
	case err == nil:
	case u.Scheme == "http":
		port = 80
	default:
		port = 443
	}
	return []attribute.KeyValue{semconv.ServerAddress(u.Hostname()), semconv.ServerPort(port)}
}
