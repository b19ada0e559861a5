package chathttp

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// boundReading bounds how long the body may take, also where net/http reads it
// only to be rid of it.
func (h *Handler) boundReading(w http.ResponseWriter) error {
	return http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.config.BodyTimeout))
}

// seeDeadlines warns, once, of a writer by which a browser that is too slow cannot
// be given up. A request that no server has taken is answered in memory. The
// server's own WriteTimeout, which is not meant for a turn, ends here.
func (h *Handler) seeDeadlines(w http.ResponseWriter, r *http.Request) {
	if r.Context().Value(http.ServerContextKey) == nil {
		return
	}
	err := errors.Join(h.boundReading(w), http.NewResponseController(w).SetWriteDeadline(time.Time{}))
	if errors.Is(err, errors.ErrUnsupported) {
		h.warned.Do(func() { h.log(r, slog.LevelWarn, "chat handler without limits of time", errNoDeadlines) })
	}
}

// timedBody is a body whose time runs from when it is first read, or from start,
// to its end.
type timedBody struct {
	io.ReadCloser
	begin, end func()
	begun      bool
}

// timeBody ends the time for a body, until it is read.
func (h *Handler) timeBody(w http.ResponseWriter, r *http.Request) *timedBody {
	end := func() { _ = http.NewResponseController(w).SetReadDeadline(time.Time{}) }
	end()
	b := &timedBody{ReadCloser: r.Body, begin: func() { _ = h.boundReading(w) }, end: end}
	r.Body = b
	return b
}

func (b *timedBody) start() {
	if !b.begun {
		b.begun = true
		b.begin()
	}
}

func (b *timedBody) Read(p []byte) (int, error) {
	b.start()
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF { // net/http waits for the next request by now, and the deadline would end this one
		b.end()
	}
	return n, err
}

// checkRequest refuses what can be refused by the headers.
func (h *Handler) checkRequest(w http.ResponseWriter, r *http.Request) *denial {
	switch {
	case r.Method != http.MethodPost:
		return &denial{status: http.StatusMethodNotAllowed, code: codeMethod}
	case !h.origins.allow(w, r):
		return &denial{status: http.StatusForbidden, code: codeOrigin}
	case !isJSON(r.Header):
		return &denial{status: http.StatusUnsupportedMediaType, code: codeMediaType}
	case r.ContentLength > h.config.MaxBody:
		return &denial{status: http.StatusRequestEntityTooLarge, code: codeBodyTooLarge}
	case !canFlush(w):
		return &denial{status: http.StatusInternalServerError, code: codeUnavailable, cause: errCannotFlush}
	}
	h.seeDeadlines(w, r)
	return nil
}

func isJSON(h http.Header) bool {
	if encoding := h.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return false
	}
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

const maxPeerID = 256 // bytes

var (
	errNoPeer   = errors.New("the function Visitor gave no peer id")
	errLongPeer = errors.New("the function Visitor gave a peer id of more than 256 bytes")
	errPeerText = errors.New("the function Visitor gave a peer id that is not valid UTF-8; encode it, as in base64")
)

// visitor asks the backend who it is. How long that takes is not the browser's
// affair, so that the time for its body does not run, unless the body is read.
func (h *Handler) visitor(w http.ResponseWriter, r *http.Request) (string, *denial) {
	body := h.timeBody(w, r)
	peer, err := h.config.Visitor(r)
	body.start()
	switch {
	case err != nil:
	case peer == "":
		err = errNoPeer
	case len(peer) > maxPeerID:
		err = errLongPeer
	case !utf8.ValidString(peer):
		err = errPeerText
	default:
		return peer, nil
	}
	return "", &denial{status: http.StatusUnauthorized, code: codeVisitor, cause: err}
}

// sentMessage is the body of a request.
type sentMessage struct {
	Message string `json:"message"`
	Session string `json:"session"`
}

// readMessage reads the body to its end, which also lets net/http notice when
// the browser goes away.
func (h *Handler) readMessage(w http.ResponseWriter, r *http.Request) (sentMessage, *denial) {
	var sent sentMessage
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.config.MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return sent, &denial{status: http.StatusRequestEntityTooLarge, code: codeBodyTooLarge}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return sent, &denial{status: http.StatusRequestTimeout, code: codeBodyTimeout}
	case err != nil || json.Unmarshal(body, &sent) != nil:
		return sent, &denial{status: http.StatusBadRequest, code: codeBody}
	case strings.TrimSpace(sent.Message) == "":
		return sent, &denial{status: http.StatusBadRequest, code: codeEmptyMessage}
	}
	return sent, nil
}
