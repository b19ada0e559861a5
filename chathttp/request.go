package chathttp

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// setReadTimeout limits the time until the body has arrived.
func setReadTimeout(w http.ResponseWriter, d time.Duration) error {
	return http.NewResponseController(w).SetReadDeadline(time.Now().Add(d))
}

func clearReadTimeout(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
}

// timedBody is a request body that must arrive within a timeout, which starts with
// the first Read or with start.
type timedBody struct {
	io.ReadCloser
	w       http.ResponseWriter
	timeout time.Duration
	started bool
	ended   bool
}

func (b *timedBody) start() {
	if !b.started {
		b.started = true
		_ = setReadTimeout(b.w, b.timeout)
	}
}

func (b *timedBody) Read(p []byte) (int, error) {
	b.start()
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.ended = true
		clearReadTimeout(b.w) // net/http cancels the request when it passes
	}
	return n, err
}

// bodyRead reports whether the body was read to its end.
func bodyRead(r *http.Request) bool {
	b, ok := r.Body.(*timedBody)
	return ok && b.ended
}

// checkRequest checks the headers of a request, and whether the response can be flushed.
func checkRequest(w http.ResponseWriter, r *http.Request, maxBody int64) *refusal {
	switch {
	case !isJSON(r.Header):
		return &refusal{status: http.StatusUnsupportedMediaType, code: codeMediaType}
	case r.ContentLength > maxBody:
		return &refusal{status: http.StatusRequestEntityTooLarge, code: codeBodyTooLarge}
	case flusher(w) == nil:
		return &refusal{status: http.StatusInternalServerError, code: codeUnavailable, cause: errCannotFlush}
	}
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
	errNoPeer   = errors.New("the function Visitor returned no peer ID")
	errLongPeer = errors.New("the function Visitor returned a peer ID of more than 256 bytes")
	errPeerUTF8 = errors.New("the function Visitor returned a peer ID that is not valid UTF-8; encode it, for example in base64")
)

// identify calls the function Visitor. The time that it takes does not count
// towards BodyTimeout, unless it reads the body.
func identify(w http.ResponseWriter, r *http.Request, c *Config) (peer string, refused *refusal) {
	clearReadTimeout(w)
	body := &timedBody{ReadCloser: r.Body, w: w, timeout: c.BodyTimeout}
	r.Body = body
	peer, err := c.Visitor(r)
	body.start()
	switch {
	case err != nil:
	case peer == "":
		err = errNoPeer
	case len(peer) > maxPeerID:
		err = errLongPeer
	case !utf8.ValidString(peer):
		err = errPeerUTF8
	default:
		return peer, nil
	}
	return "", visitorRefusal(err)
}

// sentMessage is the body of a request.
type sentMessage struct {
	Message string `json:"message"`
	Session string `json:"session"`
}

// readMessage reads the body to its end. Only then does net/http notice that the
// browser disconnects.
func readMessage(w http.ResponseWriter, r *http.Request, maxBody int64) (sentMessage, *refusal) {
	var sent sentMessage
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return sent, &refusal{status: http.StatusRequestEntityTooLarge, code: codeBodyTooLarge}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return sent, &refusal{status: http.StatusRequestTimeout, code: codeBodyTimeout}
	case err != nil || json.Unmarshal(body, &sent) != nil:
		return sent, &refusal{status: http.StatusBadRequest, code: codeBody}
	case strings.TrimSpace(sent.Message) == "":
		return sent, &refusal{status: http.StatusBadRequest, code: codeEmptyMessage}
	}
	return sent, nil
}
