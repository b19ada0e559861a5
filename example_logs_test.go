package agento_test

import (
	"context"
	"fmt"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

func ExampleLogsService_Recent() {
	server := agentotest.NewServer()
	defer server.Close()
	id := server.AddAgent(agentotest.AgentSeed{})
	server.AppendLog(id, "ERROR", "disk is full")
	client := server.Client()

	entries, err := client.Logs.Recent(context.Background(), id, &agento.LogsParams{Limit: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, entry := range entries {
		fmt.Println(entry.Level, entry.Message)
	}
	// Output: ERROR disk is full
}

func ExampleLogsService_Stream() {
	server := agentotest.NewServer()
	defer server.Close()
	id := server.AddAgent(agentotest.AgentSeed{})
	server.AppendLog(id, "WARN", "disk is nearly full")
	client := server.Client()

	stream, err := client.Logs.Stream(context.Background(), id, &agento.LogsParams{Tail: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for entry, err := range stream.All() {
		if err != nil {
			fmt.Println(err)
			return
		}
		if entry.Reconnected {
			fmt.Println("the connection was lost; lines may be missing here")
			continue
		}
		fmt.Println(entry.Level, entry.Message)
		break // which closes the stream; otherwise it follows the log
	}
	// Output: WARN disk is nearly full
}
