// Markdown of knowledge articles and reports. marked reads it, and its tokens become elements here: no HTML text is ever
// made, so there is none to inject. Raw HTML in a document is shown as the text it is, images as their description, and only
// links to the web, to mail and within the console are links.
import type { ComponentChildren } from 'preact';
import { lexer, type Token, type Tokens } from 'marked';

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

function decode(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{2,6}));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name) return ENTITIES[name] ?? whole;
    const code = decimal ? Number(decimal) : parseInt(hex ?? '', 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

export function is_safe_link(href: string): boolean {
  return /^(https?:|mailto:)/i.test(href) || /^\/(?![/\\])/.test(href);
}

function inline(tokens: Token[] | undefined): ComponentChildren {
  return tokens?.map((token, i) => <Inline key={i} token={token} />);
}

function Inline({ token }: { token: Token }) {
  switch (token.type) {
    case 'strong':
      return <strong>{inline(token.tokens)}</strong>;
    case 'em':
      return <em>{inline(token.tokens)}</em>;
    case 'del':
      return <del>{inline(token.tokens)}</del>;
    case 'codespan':
      return <code>{(token as Tokens.Codespan).text}</code>;
    case 'br':
      return <br />;
    case 'link': {
      const { href } = token as Tokens.Link;
      if (!is_safe_link(href)) return <>{inline(token.tokens)}</>;
      return href.startsWith('/') ? (
        <a href={href}>{inline(token.tokens)}</a>
      ) : (
        <a href={href} target="_blank" rel="noopener noreferrer">
          {inline(token.tokens)}
        </a>
      );
    }
    case 'image':
      return <em>{(token as Tokens.Image).text}</em>;
    case 'text':
      return <>{token.tokens ? inline(token.tokens) : decode((token as Tokens.Text).text)}</>;
    case 'escape':
      return <>{(token as Tokens.Escape).text}</>;
    default:
      return <>{token.raw}</>;
  }
}

function List({ list }: { list: Tokens.List }) {
  const items = list.items.map((item, i) => (
    <li key={i}>
      {item.task && (item.checked ? '☑ ' : '☐ ')}
      {item.tokens.map((token, j) => (token.type === 'text' ? <Inline key={j} token={token} /> : <Block key={j} token={token} />))}
    </li>
  ));
  return list.ordered ? <ol start={Number(list.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function DataTable({ table }: { table: Tokens.Table }) {
  const has_heads = table.header.some((cell) => cell.text);
  return (
    <div class="table-box">
      <table>
        {has_heads && (
          <thead>
            <tr>
              {table.header.map((cell, i) => (
                <th key={i} scope="col">
                  {inline(cell.tokens)}
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {table.rows.map((row, i) => (
            <tr key={i}>
              {row.map((cell, j) => (
                <td key={j}>{inline(cell.tokens)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Block({ token }: { token: Token }) {
  switch (token.type) {
    case 'space':
      return null;
    case 'heading': {
      // Below the page's own headings.
      const Level = `h${Math.min(6, (token as Tokens.Heading).depth + 2)}` as 'h3';
      return <Level>{inline(token.tokens)}</Level>;
    }
    case 'paragraph':
      return <p>{inline(token.tokens)}</p>;
    case 'code':
      return (
        <pre tabIndex={0}>
          <code>{(token as Tokens.Code).text}</code>
        </pre>
      );
    case 'blockquote':
      return (
        <blockquote>
          {token.tokens?.map((one, i) => (
            <Block key={i} token={one} />
          ))}
        </blockquote>
      );
    case 'list':
      return <List list={token as Tokens.List} />;
    case 'table':
      return <DataTable table={token as Tokens.Table} />;
    case 'hr':
      return <hr />;
    default:
      return (
        <p>
          <Inline token={token} />
        </p>
      );
  }
}

export function Markdown({ text }: { text: string }) {
  return (
    <div class="markdown">
      {lexer(text, { gfm: true }).map((token, i) => (
        <Block key={i} token={token} />
      ))}
    </div>
  );
}
