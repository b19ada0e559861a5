package main

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chathttp"
)

// site is the page and its backend.
type site struct {
	http.Handler
	chat *chathttp.Handler
}

func newSite(client *agento.Client, agent string, secret []byte) (*site, error) {
	visitorKey, err := hkdf.Key(sha256.New, secret, nil, "visitor cookie", 32)
	if err != nil {
		return nil, err
	}
	tokenKey, err := hkdf.Key(sha256.New, secret, nil, "session token", 32)
	if err != nil {
		return nil, err
	}
	known := visitors{key: visitorKey}
	chat, err := chathttp.NewHandler(client, chathttp.Config{
		Visitor: known.id,
		Turn: func(*http.Request, chathttp.Visit) (chathttp.Turn, error) {
			return chathttp.Turn{AgentID: agent}, nil
		},
		TokenKeys: []chathttp.TokenKey{chathttp.NewTokenKey("1", tokenKey)},
		Logger:    slog.Default(),
	})
	if err != nil {
		return nil, err
	}
	page, err := pageFiles()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/chat", chat) // checks the Origin
	mux.Handle("/", known.welcome(page))
	return &site{Handler: secureHeaders(mux), chat: chat}, nil
}

// serve serves requests until ctx ends. Then it rejects new messages and waits until running
// answers are complete.
func (s *site) serve(ctx context.Context, listener net.Listener, out io.Writer) error {
	server := chathttp.Server("", s)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	fmt.Fprintln(out, "Finishing running answers …")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	defer func() { _ = server.Close() }() // close remaining connections
	return errors.Join(s.chat.Shutdown(ctx), server.Shutdown(ctx))
}
