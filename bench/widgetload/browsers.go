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
	"sync"
	"time"
)

// kind is how a browser behaves.
type kind int

const (
	steady  kind = iota // reads what comes
	leaving             // goes away in the middle
	slow                // reads a larger answer, a little at a time
	stuck               // does not read at all, until it is given up
	direct              // reads steadily from the service itself, for comparison
	kinds
)

var kindNames = [kinds]string{"steady", "leaving", "slow", "stuck", "direct"}

// kindOf makes a third of the browsers leaving and a tenth slow, of which every
// tenth is stuck.
func kindOf(i int) kind {
	switch {
	case i%3 == 1:
		return leaving
	case i%100 == 0:
		return stuck
	case i%10 == 0:
		return slow
	}
	return steady
}

var (
	ordinary = plan{Events: 40, Gap: 100 * time.Millisecond, Size: 40}
	large    = plan{Events: 200, Gap: 2 * time.Millisecond, Size: 1000}
)

// load has browsers take turns for a while, and as many as a fifth of them read
// from the service directly at the same time.
func load(service, backend string, browsers int, duration time.Duration) *tally {
	all := newTally()
	end := time.Now().Add(duration)
	var running sync.WaitGroup
	begin := func(k kind, url, visitor string) {
		running.Go(func() {
			b := newBrowser(k, url, visitor)
			time.Sleep(rand.N(ordinary.Gap * time.Duration(ordinary.Events))) // not all in step
			b.turn()
			for time.Now().Before(end) {
				b.turn()
			}
			all.add(b)
		})
	}
	for i := range browsers {
		begin(kindOf(i), "http://"+backend+"/chat", fmt.Sprint("visitor ", i))
	}
	for i := range browsers / 5 {
		begin(direct, "http://"+service+"/v1/agents/a1/chat/messages", fmt.Sprint("reader ", i))
	}
	running.Wait()
	return all
}

// browser takes one turn after the other and counts what it gets.
type browser struct {
	kind    kind
	url     string
	visitor string
	token   string
	client  *http.Client

	turns, events, lost int
	latencies           []time.Duration // of events, if it reads what comes
	faults              []error
}

func newBrowser(k kind, url, visitor string) *browser {
	dialer := &net.Dialer{}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok && (k == slow || k == stuck) {
			_ = tcp.SetReadBuffer(4 << 10) // a larger one only hides that it is slow
		}
		return conn, err
	}
	return &browser{kind: k, url: url, visitor: visitor, client: &http.Client{Transport: &http.Transport{DialContext: dial}}}
}

func (b *browser) turn() {
	ctx, leave := context.WithTimeout(context.Background(), 2*time.Minute)
	defer leave()
	body, err := b.send(ctx)
	if err != nil {
		b.fail(err)
		time.Sleep(time.Second)
		return
	}
	defer func() { _ = body.Close() }()
	b.turns++
	switch b.kind {
	case leaving:
		b.read(body, 1+rand.IntN(ordinary.Events-2))
	case stuck:
		time.Sleep(2 * writeTimeout)
		if _, err := io.Copy(io.Discard, body); err == nil {
			b.fail(errors.New("a browser that does not read was not given up"))
		}
	default:
		if complete := b.read(body, 0); !complete {
			b.fail(errors.New("an answer is not complete"))
		}
	}
}

func (b *browser) send(ctx context.Context) (io.ReadCloser, error) {
	p := ordinary
	if b.kind == slow || b.kind == stuck {
		p = large
	}
	message, _ := json.Marshal(p) // numbers only
	body, _ := json.Marshal(map[string]string{"message": string(message), "session": b.token})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url, strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Visitor", b.visitor)
	response, err := b.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, fmt.Errorf("status %s", response.Status)
	}
	return response.Body, nil
}

// read counts the events of an answer, up to a number if that is not 0, and
// reports whether the answer has come to its end.
func (b *browser) read(body io.Reader, upTo int) (complete bool) {
	next := 0
	lines := bufio.NewReader(body)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return false
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		now := time.Now()
		var event struct{ Type, Content, Token string }
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			b.fail(err)
			return false
		}
		switch event.Type {
		case "session":
			b.token = event.Token
		case "text":
			next = b.count(event.Content, next, now)
			if b.kind == slow {
				time.Sleep(20 * time.Millisecond)
			}
		case "done":
			b.lost += b.expected() - next
			return true
		}
		if upTo > 0 && next == upTo {
			return false
		}
	}
}

func (b *browser) expected() int {
	if b.kind == slow {
		return large.Events
	}
	return ordinary.Events
}

// count takes an event with the number that is expected next, or a higher one.
func (b *browser) count(text string, next int, now time.Time) int {
	var number int
	var sent int64
	if _, err := fmt.Sscan(text, &number, &sent); err != nil || number < next {
		b.fail(fmt.Errorf("an event out of order: %.40q", text))
		return next
	}
	b.events++
	b.lost += number - next
	if b.kind == steady || b.kind == direct {
		b.latencies = append(b.latencies, now.Sub(time.Unix(0, sent)))
	}
	return number + 1
}

func (b *browser) fail(err error) { b.faults = append(b.faults, err) }
