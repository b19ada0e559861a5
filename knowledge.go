package agento

// KnowledgeService feeds the knowledge bases of agents and swarms.
type KnowledgeService struct{ core *core }
