package agento_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

// An operation that the SDK has no method for.
func ExampleClient_Do() {
	server := agentotest.NewServer()
	defer server.Close()
	server.AddAgent(agentotest.AgentSeed{Name: "Support"})
	client := server.Client()

	var page agento.Page[struct {
		Name string `json:"name"`
	}]
	if err := client.Do(context.Background(), http.MethodGet, "/v1/agents?limit=1", nil, &page); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Data[0].Name, page.Pagination.Total)
	// Output: Support 1
}

// A field of an answer that the SDK's types do not have.
func ExampleWithResponse() {
	server := agentotest.NewServer()
	defer server.Close()
	id := server.AddAgent(agentotest.AgentSeed{Name: "Support"})
	server.Next("Agents.Get", 1, agentotest.Answer(agentotest.Raw{
		Body: []byte(`{"data":{"id":"1","name":"Support","mood":"cheerful"}}`),
	}))
	client := server.Client()

	var response agento.Response
	agent, err := client.Agents.Get(context.Background(), id, agento.WithResponse(&response))
	if err != nil {
		fmt.Println(err)
		return
	}
	var more struct {
		Data struct {
			Mood string `json:"mood"`
		} `json:"data"`
	}
	if err := json.Unmarshal(response.Body, &more); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(agent.Name, "is", more.Data.Mood)
	// Output: Support is cheerful
}

// A field of a request that the SDK's types do not have.
func ExampleWithExtra() {
	server := agentotest.NewServer()
	defer server.Close()
	client := server.Client()

	_, err := client.Swarms.Create(context.Background(), agento.CreateSwarmParams{Name: "Shop"}, agento.WithExtra("colour", "green"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(server.RequestsTo("Swarms.Create")[0].Body))
	// Output: {"colour":"green","name":"Shop"}
}
