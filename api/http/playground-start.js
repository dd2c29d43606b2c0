/* global React, ReactDOM, GraphiQL, graphqlWs, document, location */

const defaultQuery = `# Welcome to Taglens.
# On this machine no key is needed. From elsewhere, give one below under «Headers»:
# { "Authorization": "Bearer tl_…" }

query Projects {
  projects(first: 10) {
    nodes {
      id
      name
      imageCount
      tags { id name imageCount }
      iterations(first: 3) { nodes { id name status progress { phase fraction message } } }
    }
    totalCount
  }
}
`;

const socketUrl = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`;

/** A socket for each set of headers, since the key travels when the socket opens. */
let socket = { key: null, client: null };
function socketFor(headers) {
  const key = JSON.stringify(headers ?? {});
  if (socket.key !== key) {
    socket.client?.dispose();
    const client = graphqlWs.createClient({ url: socketUrl, connectionParams: headers ?? {} });
    socket = { key, client };
  }
  return socket.client;
}

const fetcher = (params, options) =>
  GraphiQL.createFetcher({ url: '/graphql', wsClient: socketFor(options?.headers) })(params, options);

ReactDOM.createRoot(document.getElementById('playground')).render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultQuery,
    defaultEditorToolsVisibility: true,
    shouldPersistHeaders: true,
  }),
);
