package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/remsyshq/agento-go/bench/clients"
)

// circumstances are where and with what a report was made.
type circumstances struct {
	machine  string
	golang   string
	date     string
	versions map[string]string // of what the clients are made from
}

var sources = []struct{ kind, module string }{
	{clients.Retryable, "github.com/hashicorp/go-retryablehttp"},
	{clients.Oapi, "github.com/oapi-codegen/oapi-codegen/v2"},
	{clients.Ogen, "github.com/ogen-go/ogen"},
}

func (m module) circumstances(ctx context.Context) circumstances {
	c := circumstances{
		machine:  fmt.Sprintf("%s, %d processors, %s/%s", processor(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH),
		golang:   strings.TrimPrefix(runtime.Version(), "go"),
		date:     time.Now().UTC().Format(time.DateOnly),
		versions: map[string]string{},
	}
	for _, s := range sources {
		list := m.goCommand(ctx, "list", "-m", "-f", "{{.Version}}", s.module)
		list.Stdout = nil
		if version, err := list.Output(); err == nil {
			c.versions[s.kind] = strings.TrimSpace(string(version))
		}
	}
	return c
}

// processor is the name that Linux gives to it.
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	return processorIn(string(info))
}

func processorIn(info string) string {
	for line := range strings.Lines(info) {
		name, value, found := strings.Cut(line, ":")
		if found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
