/*
 * A server of the official package for Node with a tool that does nothing: what
 * a call costs before anybody has looked at a job.
 */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport }
	from '@modelcontextprotocol/sdk/server/stdio.js';

const server = new McpServer({ name: 'noop', version: '1.0.0' });

server.registerTool('noop', { description: 'Does nothing' },
    () => ({ content: [] }));
await server.connect(new StdioServerTransport());
