package agento

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"
)

// boundReading bounds how long the body may take, also where net/http reads it
// only to be rid of it.
func (h *ChatHandler) boundReading(w http.ResponseWriter) error {
	return http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.config.BodyTimeout))
}

// takesDeadlines reports whether a browser that is too slow can be given up. A
// request that no server has taken is answered in memory. The server's own
// WriteTimeout, which is not meant for a turn, ends here.
func (h *ChatHandler) takesDeadlines(w http.ResponseWriter, r *http.Request) bool {
	if r.Context().Value(http.ServerContextKey) == nil {
		return true
	}
	err := errors.Join(h.boundReading(w), http.NewResponseController(w).SetWriteDeadline(time.Time{}))
	return !errors.Is(err, errors.ErrUnsupported)
}

// checkRequest refuses what can be refused by the headers.
func (h *ChatHandler) checkRequest(w http.ResponseWriter, r *http.Request) *denial {
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
	case !h.takesDeadlines(w, r):
		return &denial{status: http.StatusInternalServerError, code: codeUnavailable, cause: errNoDeadlines}
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
	errNoPeer   = errors.New("the function Visitor gave no peer id")
	errLongPeer = errors.New("the function Visitor gave a peer id of more than 256 bytes")
)

// visitor asks the backend who it is.
func (h *ChatHandler) visitor(r *http.Request) (string, *denial) {
	peer, err := h.config.Visitor(r)
	switch {
	case err != nil:
	case peer == "":
		err = errNoPeer
	case len(peer) > maxPeerID:
		err = errLongPeer
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
func (h *ChatHandler) readMessage(w http.ResponseWriter, r *http.Request) (sentMessage, *denial) {
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
	// Where a middleware had read the body already, net/http waits for the next
	// request by now, and the deadline would end this one.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	return sent, nil
}
