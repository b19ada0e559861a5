package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/remsyshq/agento-go/bench/internal/load"
)

// kind is the behavior of a browser.
type kind int

const (
	steady  kind = iota // reads each event at once
	leaving             // disconnects during a reply
	slow                // reads a large reply slowly
	stuck               // does not read a large reply until the handler disconnects it
	kinds
)

var kindNames = [kinds]string{"steady", "leaving", "slow", "stuck"}

func kindOf(browser int) kind {
	switch {
	case browser%3 == 1:
		return leaving
	case browser%100 == 0:
		return stuck
	case browser%10 == 0:
		return slow
	}
	return steady
}

var (
	ordinary = load.Plan{Events: 40, Size: 40}
	large    = load.Plan{Events: 200, Size: 1000}
)

// gap returns the time between two events of a reply.
func gap(p load.Plan) time.Duration {
	if p == large {
		return 2 * time.Millisecond
	}
	return 100 * time.Millisecond
}

// browser sends messages in sequence until one fails.
type browser struct {
	kind    kind
	plan    load.Plan
	url     string
	visitor string
	token   string
	client  *http.Client

	turns, events int
	err           error
}

func newBrowser(k kind, url, visitor string) *browser {
	b := &browser{kind: k, plan: ordinary, url: url, visitor: visitor}
	transport := &http.Transport{}
	if k == slow || k == stuck {
		b.plan = large
		transport.DialContext = dialSmallBuffer
	}
	b.client = &http.Client{Transport: transport}
	return b
}

// dialSmallBuffer returns a connection with a small buffer, so that the server blocks when it
// is read slowly.
func dialSmallBuffer(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		err = conn.(*net.TCPConn).SetReadBuffer(32 << 10)
	}
	return conn, err
}

func (b *browser) browse(end time.Time) {
	defer b.client.CloseIdleConnections()
	time.Sleep(rand.N(gap(ordinary) * time.Duration(ordinary.Events))) // so that browsers are not synchronized
	for first := true; b.err == nil && (first || time.Now().Before(end)); first = false {
		b.err = b.turn()
	}
}

// turn sends a message and reads the reply.
func (b *browser) turn() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	body := fmt.Sprintf(`{"message":%q,"session":%q}`, b.plan.Message(), b.token)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Visitor", b.visitor)
	resp, err := b.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", resp.Status)
	}
	b.turns++
	switch b.kind {
	case leaving:
		return b.read(resp.Body, 1+rand.IntN(b.plan.Events-2))
	case stuck:
		time.Sleep(2 * writeTimeout)
		if _, err := io.Copy(io.Discard, resp.Body); err == nil {
			return errors.New("browser that does not read was not disconnected")
		}
		return nil
	}
	return b.read(resp.Body, -1)
}

// read checks the events of a reply: the first n, or all and the end if n is negative.
func (b *browser) read(body io.Reader, n int) error {
	lines := bufio.NewReader(body)
	for number := 0; number != n; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return fmt.Errorf("after %d of %d events: %w", number, b.plan.Events, err)
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		var event struct{ Type, Content, Token string }
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			return err
		}
		switch {
		case event.Type == "session":
			b.token = event.Token
		case event.Type == "text" && event.Content == b.plan.Text(number):
			number++
			b.events++
			if b.kind == slow {
				time.Sleep(10 * time.Millisecond)
			}
		case event.Type == "done" && number == b.plan.Events:
			return nil
		default:
			return fmt.Errorf("event %d of %d is %.100q", number, b.plan.Events, data)
		}
	}
	return nil
}
