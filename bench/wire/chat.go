package wire

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Many is the message that is answered with n text events.
func Many(n int) string { return fmt.Sprintf("events=%d", n) }

// Lines is the message that is answered with n text events that end a line each,
// which JSON escapes.
func Lines(n int) string { return fmt.Sprintf("lines=%d", n) }

// First is the message that is answered with one event at once, and the rest in
// a second write.
const First = "first"

// Crowd is the message of one of size chats that are held open after their first
// event until all are there; then come n events more.
func Crowd(size, n int) string { return fmt.Sprintf("crowd=%d,%d", size, n) }

// Idle is the message that is answered with one event and then nothing.
const Idle = "idle"

// batch is how many events go out in one write.
const batch = 512

var (
	textEvents = bytes.Repeat([]byte(textEvent), batch)
	lineEvents = bytes.Repeat([]byte(lineEvent), batch)
)

func (s *Server) serveChat(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil {
		return
	}
	w.Header()["Content-Type"] = []string{"text/event-stream"}
	kind, argument, _ := strings.Cut(messageOf(body), "=")
	first, second, _ := strings.Cut(argument, ",")
	n, _ := strconv.Atoi(first)
	switch kind {
	case First:
		writeEvents(w, textEvents, 1)
		flush(w)
		n = 1
	case Idle:
		writeEvents(w, textEvents, 1)
		flush(w)
		<-r.Context().Done()
		return
	case "crowd":
		writeEvents(w, textEvents, 1)
		flush(w)
		s.crowd.meet(n, r.Context().Done())
		n, _ = strconv.Atoi(second)
	}
	if kind == "lines" {
		writeEvents(w, lineEvents, n)
	} else {
		writeEvents(w, textEvents, n)
	}
	_, _ = io.WriteString(w, doneEvent)
}

// writeEvents writes n of the events of a batch, which are all the same.
func writeEvents(w io.Writer, events []byte, n int) {
	for n > 0 {
		step := min(n, batch)
		_, _ = w.Write(events[:len(events)/batch*step])
		n -= step
	}
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }

// messageOf finds the message in a request: the clients write the same JSON, and
// what is asked for holds nothing that JSON escapes.
func messageOf(body []byte) string {
	_, rest, _ := bytes.Cut(body, []byte(`"message":"`))
	message, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(message)
}
